/**
 * Twilio clients, one per credential, kept by the credential's fingerprint. What is kept is what would be made again for
 * each request: the header that proves who we are, and the account's address.
 */
import { UpstreamError } from '../../resilience/upstream-error.ts';
import type { Credential } from '../../resilience/guard.ts';

/** `key` is a fingerprint that tells credentials apart without being one. */
export type TwilioCredential = Credential & { accountSid: string; authToken: string };

export type TwilioClient = { accountUrl: string; authorization: string };

export type ClientCache = {
  /** One look-up; told once as created or cached. */
  clientFor(credential: TwilioCredential): TwilioClient;
  /** Forgets the client of a credential that was rotated or removed. */
  evict(key: string): void;
};

/** `created`: made for this request; `cached`: made for an earlier one. */
export type ClientFact = { type: 'twilio_client_looked_up'; result: 'cached' | 'created'; tenant: string };

const MOST_CLIENTS = 1_000;

export function createClientCache(options: { baseUrl: string; onLookUp(fact: ClientFact): void }): ClientCache {
  const clients = new Map<string, TwilioClient>();
  // The newest credential of a tenant replaces the one before, so that a rotation leaves nothing behind.
  const keyOfTenant = new Map<string, string>();

  return {
    clientFor(credential) {
      const { key, tenant } = credential;
      const known = clients.get(key);
      options.onLookUp({ type: 'twilio_client_looked_up', result: known ? 'cached' : 'created', tenant });
      if (known) return known;
      const earlier = keyOfTenant.get(tenant);
      if (earlier !== undefined) clients.delete(earlier);
      const client = makeClient(credential, options.baseUrl);
      clients.set(key, client);
      keyOfTenant.set(tenant, key);
      for (const kept of [clients, keyOfTenant]) if (kept.size > MOST_CLIENTS) forgetOldest(kept);
      return client;
    },
    evict(key) {
      clients.delete(key);
    },
  };
}

function makeClient({ accountSid, authToken }: TwilioCredential, baseUrl: string): TwilioClient {
  // An empty token would be sent, refused, and look like a wrong one.
  if (!/^AC[0-9a-fA-F]{32}$/.test(accountSid) || authToken === '') {
    const detail = 'the account SID or the auth token is not in the right form';
    throw new UpstreamError({ kind: 'auth', upstream: 'twilio', connected: false, detail });
  }
  return {
    accountUrl: `${baseUrl.replace(/(?<!\/)\/+$/, '')}/2010-04-01/Accounts/${accountSid}`,
    authorization: `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`,
  };
}

function forgetOldest(kept: Map<string, unknown>): void {
  const [oldest] = kept.keys();
  if (oldest !== undefined) kept.delete(oldest);
}
