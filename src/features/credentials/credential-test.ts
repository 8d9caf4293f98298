/** Asks a vendor whether it takes a credential, stored or just typed, and says so in a sentence. Keeps nothing of it. */
import { publicErrorOf } from '../../http/upstream-problem.ts';
import type { TwilioCredential } from '../../providers/twilio/clients.ts';
import type { VapiCredential } from '../../providers/vapi/vapi.ts';
import { UpstreamError } from '../../resilience/upstream-error.ts';
import type { CredentialTestWire } from './contract.ts';
import type { Credentials, Secret, VendorCredential } from './credentials.ts';

export type CredentialTestDeps = {
  credentials: Pick<Credentials, 'forTenant' | 'formOf'>;
  vapi: { probe(credential: VapiCredential, options?: { deadlineMs?: number }): Promise<void> };
  twilio: { probe(credential: TwilioCredential, options?: { deadlineMs?: number }): Promise<void> };
  isStub: boolean;
};

export type CredentialTester = ReturnType<typeof createCredentialTester>;

type Vendor = Secret['vendor'];

/** A person waits for it. */
const OPTIONS = { deadlineMs: 8_000 };

export function createCredentialTester({ credentials, vapi, twilio, isStub }: CredentialTestDeps) {
  async function ask(tenant: string, vendor: Vendor, found: VendorCredential[Vendor]): Promise<void> {
    const credential = { ...found, key: found.fingerprint, tenant };
    if (vendor === 'vapi') await vapi.probe(credential as VapiCredential, OPTIONS);
    else await twilio.probe(credential as TwilioCredential, OPTIONS);
  }

  return {
    /** Tests `given`, or what the tenant has. Expected failures are answers. */
    async test(tenantId: string, vendor: Vendor, given: Secret | undefined): Promise<CredentialTestWire> {
      const found = given ? credentials.formOf(given) : await credentials.forTenant(tenantId, vendor);
      const source = given ? 'given' : (found?.source ?? null);
      const say = (outcome: CredentialTestWire['outcome'], message: string) =>
        ({ works: outcome === 'accepted', outcome, source, message, stub: outcome === 'stub' }) as const;
      if (isStub) return say('stub', `Stub mode is on, so ${NAMES[vendor]} was not asked.`);
      if (found === undefined) return say('not_configured', NOTHING[vendor]);
      try {
        await ask(tenantId, vendor, found);
        return say('accepted', `${NAMES[vendor]} answers and accepts ${THINGS[vendor]}.`);
      } catch (error) {
        if (!(error instanceof UpstreamError)) throw error;
        if (error.kind === 'auth' || error.kind === 'not_found') return say('rejected', REJECTED[vendor]);
        const reason = publicErrorOf(error)?.message ?? `${NAMES[vendor]} could not be asked.`;
        return say(
          'not_reached',
          `${reason} Whether it accepts ${THINGS[vendor]} is not known; try again in a minute.`,
        );
      }
    },
  };
}

const NAMES: Record<Vendor, string> = { vapi: 'Vapi', twilio: 'Twilio' };
const THINGS: Record<Vendor, string> = { vapi: 'the API key', twilio: 'the account SID and auth token' };
const NOTHING: Record<Vendor, string> = {
  vapi: 'No Vapi API key is configured. Enter it in Settings → Vapi.',
  twilio: 'No Twilio account is configured. Enter it in Integrations → Twilio.',
};
const REJECTED: Record<Vendor, string> = {
  vapi: 'Vapi rejected the API key. Copy the private key from Vapi once more; public keys do not work here.',
  twilio: 'Twilio rejected the account SID or auth token. Copy both from the Twilio console once more.',
};
