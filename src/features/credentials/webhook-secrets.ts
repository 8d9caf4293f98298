/**
 * Secrets that a vendor proves its webhooks with, a tenant's own each. During a rotation the old one counts on for a
 * while. A token finds its tenant by its SHA-256, so nothing secret is ever compared byte by byte.
 */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { sql, type Transaction } from 'kysely';
import type { Clock } from '../../clock.ts';
import type { Database } from '../../db/connect.ts';
import type { Schema } from '../../db/schema.ts';
import type { Audit } from '../audit/audit.ts';
import type { Place, Vault } from './vault.ts';

export type WebhookSecretsDeps = { db: Database; clock: Clock; audit: Audit; vault: Vault };

export type WebhookSecrets = {
  /** The secret that the tenant's webhooks carry now; made at first use. */
  current(tenantId: string, vendor: string, actor: { name: string }): Promise<string>;
  /** Makes a new one; the earlier ones count on for `overlapMs`. */
  rotate(tenantId: string, vendor: string, request: { actor: { name: string }; overlapMs: number }): Promise<string>;
  /** The tenant that `token` proves a webhook of, or undefined. */
  findTenant(token: string, vendor: string): Promise<string | undefined>;
};

export function createWebhookSecrets(deps: WebhookSecretsDeps): WebhookSecrets {
  return {
    current: (tenantId, vendor, actor) =>
      deps.db.asTenant(tenantId, async (trx) => {
        await lock(trx, tenantId, vendor);
        const newest = await findNewest(trx, vendor);
        if (newest) return deps.vault.open(newest.secret, placeOfWebhookSecret(tenantId, newest.id));
        return add(deps, trx, { tenantId, vendor, actor, action: 'webhook_secret.made' });
      }),
    rotate: (tenantId, vendor, { actor, overlapMs }) =>
      deps.db.asTenant(tenantId, async (trx) => {
        await lock(trx, tenantId, vendor);
        const now = deps.clock.now();
        const expiresAt = new Date(now.getTime() + overlapMs);
        await trx.deleteFrom('webhook_secrets').where('vendor', '=', vendor).where('expires_at', '<', now).execute();
        await trx
          .updateTable('webhook_secrets')
          .set({ expires_at: expiresAt })
          .where('vendor', '=', vendor)
          .where('expires_at', 'is', null)
          .execute();
        return add(deps, trx, { tenantId, vendor, actor, action: 'webhook_secret.rotated' });
      }),
    async findTenant(token, vendor) {
      const { rows } = await sql<{ tenant_id: string; expires_at: Date | null }>`
        select tenant_id, expires_at from tenant_of_webhook_secret(${fingerprintOf(token)}, ${vendor})`.execute(
        deps.db.lane('webhook').system,
      );
      const row = rows[0];
      const counts = row && (row.expires_at === null || row.expires_at > deps.clock.now());
      return counts ? row.tenant_id : undefined;
    },
  };
}

/** Where a webhook secret stands. */
export function placeOfWebhookSecret(tenantId: string, id: string): Place {
  return { tenantId, table: 'webhook_secrets', column: 'secret', row: id };
}

type Trx = Transaction<Schema>;

async function lock(trx: Trx, tenantId: string, vendor: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`webhook secret ${tenantId} ${vendor}`}, 0))`.execute(trx);
}

async function findNewest(trx: Trx, vendor: string): Promise<{ id: string; secret: Buffer } | undefined> {
  return trx
    .selectFrom('webhook_secrets')
    .select(['id', 'secret'])
    .where('vendor', '=', vendor)
    .where('expires_at', 'is', null)
    .executeTakeFirst();
}

type Addition = { tenantId: string; vendor: string; actor: { name: string }; action: string };

async function add(deps: WebhookSecretsDeps, trx: Trx, { tenantId, vendor, actor, action }: Addition): Promise<string> {
  const token = randomBytes(32).toString('base64url');
  const id = randomUUID();
  await trx
    .insertInto('webhook_secrets')
    .values({
      id,
      tenant_id: tenantId,
      vendor,
      secret: deps.vault.seal(token, placeOfWebhookSecret(tenantId, id)),
      fingerprint: fingerprintOf(token),
      created_at: deps.clock.now(),
      expires_at: null,
    })
    .execute();
  await deps.audit.record(trx, { tenantId, actor, action, subject: vendor, details: { id } });
  return token;
}

function fingerprintOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
