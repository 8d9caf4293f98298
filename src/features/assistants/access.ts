/** With which key a tenant asks Vapi, which assistants it may see with it, and where its webhooks go. */
import type { Clock } from '../../clock.ts';
import type { Database } from '../../db/connect.ts';
import { fail } from '../../errors.ts';
import type { VapiCredential } from '../../providers/vapi/vapi.ts';
import type { Credentials } from '../credentials/credentials.ts';
import type { WebhookSecrets } from '../credentials/webhook-secrets.ts';
import type { WebhookTarget } from './server-target.ts';

export type VapiAccess = {
  credential: VapiCredential;
  /** Whether an assistant with this tenant mark belongs to the tenant's view; undefined is one without a mark. */
  mayTouch(tag: string | undefined): boolean;
};

/**
 * The key of the environment belongs to the first tenant, which sees all but what is marked as another tenant's; others
 * that were granted it see only what is marked as their own. With a key of its own a tenant sees everything there.
 */
export function createVapiAccess({ db, credentials }: { db: Database; credentials: Pick<Credentials, 'forTenant'> }) {
  const isFirst = createFirstTenant(db);

  /** Throws vapi_not_configured. */
  return async (tenantId: string): Promise<VapiAccess> => {
    const found = await credentials.forTenant(tenantId, 'vapi');
    if (found === undefined) {
      throw fail('vapi_not_configured', 'No Vapi API key is configured. Enter it in Settings → Vapi.');
    }
    const credential = { key: found.fingerprint, tenant: tenantId, apiKey: found.apiKey };
    if (found.source === 'tenant') return { credential, mayTouch: () => true };
    if (!(await isFirst(tenantId))) return { credential, mayTouch: (tag) => tag === tenantId };
    const others = await otherTenants(db, tenantId);
    return { credential, mayTouch: (tag) => tag === undefined || !others.has(tag) };
  };
}

/** Tells whether a tenant is the first one: the operator's own, whom the environment's credentials belong to. */
export function createFirstTenant(db: Database): (tenantId: string) => Promise<boolean> {
  let first: string | undefined;
  return async (tenantId) => {
    // Once there is a first tenant, it stays the first.
    first ??= await firstTenant(db);
    return first === tenantId;
  };
}

export type WebhookTargets = {
  of(tenantId: string): Promise<WebhookTarget>;
  /** After the secret was changed. Other replicas notice within a minute. */
  forget(tenantId: string): void;
};

const SECRET_KEPT_MS = 60_000;
const MOST_KEPT = 2_000;

/** Where the webhooks of a tenant go. The secret is kept for a minute, and longer while the database is away. */
export function createWebhookTargets(deps: {
  clock: Clock;
  webhookSecrets: Pick<WebhookSecrets, 'current'>;
  publicUrl: string;
}): WebhookTargets {
  const kept = new Map<string, { secret: string; readMs: number }>();
  const url = `${deps.publicUrl.replace(/(?<!\/)\/+$/, '')}/webhooks/vapi`;
  async function of(tenantId: string): Promise<WebhookTarget> {
    const known = kept.get(tenantId);
    const nowMs = deps.clock.monotonicMs();
    if (known && nowMs - known.readMs < SECRET_KEPT_MS) return { url, secret: known.secret };
    try {
      const secret = await deps.webhookSecrets.current(tenantId, 'vapi', { name: 'AVA' });
      kept.delete(tenantId);
      kept.set(tenantId, { secret, readMs: nowMs });
      if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value!);
      return { url, secret };
    } catch (error) {
      if (known) return { url, secret: known.secret };
      throw error;
    }
  }

  return { of, forget: (tenantId) => void kept.delete(tenantId) };
}

async function firstTenant(db: Database): Promise<string | undefined> {
  const row = await db.system
    .selectFrom('tenants')
    .select('id')
    .where('synthetic', '=', false)
    .orderBy('created_at')
    .orderBy('id')
    .limit(1)
    .executeTakeFirst();
  return row?.id;
}

async function otherTenants(db: Database, tenantId: string): Promise<ReadonlySet<string>> {
  const rows = await db.system.selectFrom('tenants').select('id').where('id', '!=', tenantId).execute();
  return new Set(rows.map((row) => row.id));
}
