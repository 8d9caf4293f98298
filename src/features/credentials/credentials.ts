/**
 * Which key AVA shows a vendor on behalf of a tenant. A tenant's own credential comes first; the environment's serve
 * the tenants that were granted them. Secrets are sealed in the database, opened in memory, and never shown.
 */
import { createHash, createHmac } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import type { Database, Lane, LaneName } from '../../db/connect.ts';
import { errorsOf, fail } from '../../errors.ts';
import type { Actor } from '../../http/caller.ts';
import { deriveKeys, type SecretKeys } from '../../keys.ts';
import type { Audit } from '../audit/audit.ts';
import { CREDENTIAL_ERRORS } from './contract.ts';
import { createCredentialCache } from './credential-cache.ts';
import * as store from './store.ts';
import type { Place, Vault } from './vault.ts';

export type Vendor = store.Vendor;
export type Source = 'tenant' | 'environment';

/** `fingerprint` names the secret without telling it: for caches and circuits. */
type Origin = { source: Source; fingerprint: string };
export type VendorCredential = {
  vapi: Origin & { apiKey: string };
  twilio: Origin & { accountSid: string; authToken: string };
};

/** What people may see of a credential. */
export type CredentialStatus = {
  configured: boolean;
  source: Source | null;
  last4: string | null;
  account: string | null;
  updatedAt: Date | null;
  etag: string;
};

export type Secret = { vendor: 'vapi'; apiKey: string } | { vendor: 'twilio'; accountSid: string; authToken: string };

export type CredentialsDeps = {
  db: Database;
  clock: Clock;
  audit: Audit;
  vault: Vault;
  secrets: SecretKeys;
  /** Of the environment: shared by the operator. */
  environment: { vapiApiKey?: string | undefined; twilio?: { accountSid: string; authToken: string } | undefined };
};

export type Change = { actor: Actor; ifMatch?: string | undefined };

export type Credentials = {
  /** From memory where known; the last known one while the database is away. A ringing call asks on its own lane; else it is `api`. */
  forTenant<V extends Vendor>(tenantId: string, vendor: V, lane?: LaneName): Promise<VendorCredential[V] | undefined>;
  /** The same form for a secret that is not stored. */
  formOf(secret: Secret): AnyCredential;
  status(tenantId: string, vendor: Vendor): Promise<CredentialStatus>;
  /** Stores the tenant's own. Throws `conflict`. */
  put(secret: Secret, change: Change): Promise<CredentialStatus>;
  /** Removes the tenant's own. Throws `credential_not_found`, `conflict`. */
  remove(vendor: Vendor, change: Change): Promise<CredentialStatus>;
  /** Grants a tenant the environment's credentials, or takes them back. Throws `not_found`. */
  grantEnvironment(tenantId: string, granted: boolean, actor: Actor): Promise<void>;
  /** Calls `handler` with the tenant whenever a credential changed, here or on another replica. */
  onChange(handler: (tenantId: string) => void): void;
  /** Hears of changes on other replicas. Resolves to what ends it. */
  follow(): Promise<() => Promise<void>>;
};

const CHANNEL = 'ava_credentials';
const failHere = errorsOf(CREDENTIAL_ERRORS);

export function createCredentials(deps: CredentialsDeps): Credentials {
  const { db } = deps;
  const handlers = new Set<(tenantId: string) => void>();
  const cache = createCredentialCache({
    clock: deps.clock,
    load: (tenantId, vendor, lane) => load({ ...deps, lane: deps.db.lane(lane) }, tenantId, vendor),
  });
  const changed = (tenantId: string) => {
    cache.forget(tenantId);
    for (const handler of handlers) handler(tenantId);
  };
  const announce = async (tenantId: string) => {
    changed(tenantId);
    // Without the message others notice when what they know has grown old.
    await db.notify(CHANNEL, tenantId).catch(() => {});
  };

  return {
    forTenant: <V extends Vendor>(tenantId: string, vendor: V, lane?: LaneName) =>
      cache.find(tenantId, vendor, lane) as Promise<VendorCredential[V] | undefined>,
    formOf(secret) {
      const text = secret.vendor === 'vapi' ? secret.apiKey : secret.authToken;
      return { ...secret, source: 'tenant', fingerprint: fingerprintOf(deps, secret.vendor, text) };
    },
    status: (tenantId, vendor) => statusOf(deps, tenantId, vendor),
    async put(secret, change) {
      await put(deps, secret, change);
      await announce(change.actor.tenantId);
      return statusOf(deps, change.actor.tenantId, secret.vendor);
    },
    async remove(vendor, change) {
      await remove(deps, vendor, change);
      await announce(change.actor.tenantId);
      return statusOf(deps, change.actor.tenantId, vendor);
    },
    async grantEnvironment(tenantId, granted, actor) {
      await db.asTenant(tenantId, async (trx) => {
        const before = await store.setUsesEnvironment(trx, tenantId, granted);
        if (before === undefined) throw fail('not_found', 'There is no such tenant.');
        const action = granted ? 'environment.granted' : 'environment.withdrawn';
        await deps.audit.record(trx, { tenantId, actor, action, subject: tenantId, details: { before } });
      });
      await announce(tenantId);
    },
    onChange: (handler) => void handlers.add(handler),
    follow: () =>
      db.listen(CHANNEL, (notice) => {
        if (notice.cause === 'message') changed(notice.payload);
        else if (notice.cause === 'reconnect') cache.suspectAll();
      }),
  };
}

/** Where the secret of a tenant's credential stands. */
export function placeOf(tenantId: string, vendor: Vendor): Place {
  return { tenantId, table: 'vendor_credentials', column: 'secret', row: vendor };
}

type AnyCredential = VendorCredential[Vendor];

type LoadDeps = CredentialsDeps & { lane: Lane };

async function load(deps: LoadDeps, tenantId: string, vendor: Vendor): Promise<AnyCredential | undefined> {
  const own = await deps.lane.asTenant(tenantId, (trx) => store.findCredential(trx, vendor));
  if (own) {
    const secret = deps.vault.open(own.secret, placeOf(tenantId, vendor));
    const origin = { source: 'tenant', fingerprint: fingerprintOf(deps, vendor, secret) } as const;
    return vendor === 'vapi'
      ? { ...origin, apiKey: secret }
      : { ...origin, accountSid: own.account ?? '', authToken: secret };
  }
  const shared = ofEnvironment(deps, vendor);
  return shared && (await store.usesEnvironment(deps.lane.system, tenantId)) ? shared : undefined;
}

function ofEnvironment(deps: CredentialsDeps, vendor: Vendor): AnyCredential | undefined {
  const { vapiApiKey, twilio } = deps.environment;
  const origin = (secret: string) =>
    ({ source: 'environment', fingerprint: fingerprintOf(deps, vendor, secret) }) as const;
  if (vendor === 'vapi') return vapiApiKey === undefined ? undefined : { ...origin(vapiApiKey), apiKey: vapiApiKey };
  return twilio && { ...origin(twilio.authToken), ...twilio };
}

function fingerprintOf({ secrets }: CredentialsDeps, vendor: Vendor, secret: string): string {
  const { key } = deriveKeys(secrets, 'credential-fingerprint').current;
  return createHmac('sha256', key).update(`${vendor} ${secret}`).digest('hex').slice(0, 16);
}

async function statusOf(deps: CredentialsDeps, tenantId: string, vendor: Vendor): Promise<CredentialStatus> {
  const own = await deps.db.asTenant(tenantId, (trx) => store.findCredential(trx, vendor));
  if (own) {
    const { last4, account, updatedAt } = own;
    return { configured: true, source: 'tenant', last4, account, updatedAt, etag: etagOf(own) };
  }
  const shared = ofEnvironment(deps, vendor);
  if (!shared || !(await store.usesEnvironment(deps.db.system, tenantId))) return NOTHING;
  const last4 = lastOf('apiKey' in shared ? shared.apiKey : shared.authToken);
  const account = 'accountSid' in shared ? shared.accountSid : null;
  return { configured: true, source: 'environment', last4, account, updatedAt: null, etag: etagOf(undefined) };
}

const NOTHING: CredentialStatus = {
  configured: false,
  source: null,
  last4: null,
  account: null,
  updatedAt: null,
  etag: etagOf(undefined),
};

// With the time in it: back to the same value is another version.
function etagOf(own: store.StoredCredential | undefined): string {
  if (!own) return '"none"';
  const version = `${own.updatedAt.toISOString()} ${own.last4} ${own.account ?? ''}`;
  return `"${createHash('sha256').update(version).digest('base64url').slice(0, 16)}"`;
}

function lastOf(secret: string): string {
  return secret.slice(-4);
}

async function put(deps: CredentialsDeps, secret: Secret, { actor, ifMatch }: Change): Promise<void> {
  const { tenantId } = actor;
  const { vendor } = secret;
  const [text, account] = vendor === 'vapi' ? [secret.apiKey, null] : [secret.authToken, secret.accountSid];
  await deps.db.asTenant(tenantId, async (trx) => {
    await store.lockCredential(trx, tenantId, vendor);
    const before = await store.findCredential(trx, vendor);
    mustMatch(before, ifMatch, { last4: lastOf(text), account });
    await store.putCredential(trx, {
      tenantId,
      vendor,
      account,
      secret: deps.vault.seal(text, placeOf(tenantId, vendor)),
      last4: lastOf(text),
      updatedAt: deps.clock.now(),
      updatedBy: actor.name,
    });
    await deps.audit.record(trx, {
      tenantId,
      actor,
      action: before ? 'credential.replaced' : 'credential.set',
      subject: vendor,
      details: { before: seen(before), after: { last4: lastOf(text), account }, if_match: ifMatch !== undefined },
    });
  });
}

async function remove(deps: CredentialsDeps, vendor: Vendor, { actor, ifMatch }: Change): Promise<void> {
  const { tenantId } = actor;
  await deps.db.asTenant(tenantId, async (trx) => {
    await store.lockCredential(trx, tenantId, vendor);
    const before = await store.findCredential(trx, vendor);
    if (!before) throw failHere('credential_not_found', 'This tenant has no credential of its own to remove.');
    mustMatch(before, ifMatch, undefined);
    await store.deleteCredential(trx, vendor);
    const details = { before: seen(before), if_match: ifMatch !== undefined };
    await deps.audit.record(trx, { tenantId, actor, action: 'credential.removed', subject: vendor, details });
  });
}

type Seen = { last4: string; account: string | null };

function seen(credential: store.StoredCredential | undefined): Seen | null {
  return credential ? { last4: credential.last4, account: credential.account } : null;
}

function mustMatch(before: store.StoredCredential | undefined, ifMatch: string | undefined, yours: Seen | undefined) {
  if (ifMatch === undefined || (ifMatch === '*' && before)) return;
  const etag = etagOf(before);
  if (ifMatch.split(',').some((tag) => tag.trim() === etag)) return;
  const current = seen(before);
  const diff = (['last4', 'account'] as const)
    .filter((field) => current?.[field] !== yours?.[field])
    .map((field) => ({ field, base: null, current: current?.[field] ?? null, yours: yours?.[field] ?? null }));
  throw fail('conflict', 'Somebody else has changed this credential. Look at it again.', {
    members: { current: { ...current, etag, updated_at: before?.updatedAt.toISOString() ?? null }, diff },
  });
}
