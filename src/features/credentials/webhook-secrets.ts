/**
 * Secrets that a vendor proves its webhooks with, a tenant's own each. During a rotation the old one counts on for a
 * while. A token finds its tenant by its SHA-256, so nothing secret is ever compared byte by byte.
 */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { sql, type Transaction } from 'kysely';
import type { Clock } from '../../clock.ts';
import { errorsOf, fail } from '../../errors.ts';
import type { Database, Lane } from '../../db/connect.ts';
import type { Schema } from '../../db/schema.ts';
import type { Audit } from '../audit/audit.ts';
import { CREDENTIAL_ERRORS } from './contract.ts';
import type { Place, Vault } from './vault.ts';

export type WebhookSecretsDeps = { db: Database; clock: Clock; audit: Audit; vault: Vault };

export type WebhookSecrets = {
  /** The secret that the tenant's webhooks carry now; made at first use. */
  current(tenantId: string, vendor: string, actor: { name: string }): Promise<string>;
  /** Makes a new one; the earlier ones count on for `overlapMs`. */
  rotate(tenantId: string, vendor: string, request: { actor: { name: string }; overlapMs: number }): Promise<string>;
  /** All that count now, the newest first: of each it is known when it was made, and until when it counts. */
  list(tenantId: string, vendor: string): Promise<KnownSecret[]>;
  /** The secrets themselves that may sign now. */
  live(tenantId: string, vendor: string): Promise<string[]>;
  /** Ends an earlier one before its time. Throws `not_found`, and `webhook_secret_in_use` for the newest. */
  end(tenantId: string, vendor: string, request: { id: string; actor: { name: string } }): Promise<void>;
  /** The tenant that `token` proves a webhook of, or undefined. */
  findTenant(token: string, vendor: string): Promise<string | undefined>;
};

export type KnownSecret = { id: string; createdAt: Date; expiresAt: Date | null };

const failHere = errorsOf(CREDENTIAL_ERRORS);

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
    list: async (tenantId, vendor) =>
      (await findLive(deps, deps.db, tenantId, vendor)).map((row) => ({
        id: row.id,
        createdAt: row.created_at,
        expiresAt: row.expires_at,
      })),
    live: async (tenantId, vendor) =>
      (await findLive(deps, deps.db.lane('webhook'), tenantId, vendor)).map((row) =>
        deps.vault.open(row.secret, placeOfWebhookSecret(tenantId, row.id)),
      ),
    end: (tenantId, vendor, { id, actor }) =>
      deps.db.asTenant(tenantId, async (trx) => {
        await lock(trx, tenantId, vendor);
        const found = await trx
          .selectFrom('webhook_secrets')
          .select('expires_at')
          .where('id', '=', id)
          .where('vendor', '=', vendor)
          .executeTakeFirst();
        if (found === undefined) throw fail('not_found', 'There is no such webhook secret.');
        if (found.expires_at === null)
          throw failHere('webhook_secret_in_use', 'This secret is the one in use. Make a new one first.');
        await trx.deleteFrom('webhook_secrets').where('id', '=', id).execute();
        await deps.audit.record(trx, {
          tenantId,
          actor,
          action: 'webhook_secret.ended',
          subject: vendor,
          details: { id },
        });
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

function findLive({ clock }: WebhookSecretsDeps, lane: Lane, tenantId: string, vendor: string) {
  return lane.asTenant(tenantId, (trx) =>
    trx
      .selectFrom('webhook_secrets')
      .select(['id', 'secret', 'created_at', 'expires_at'])
      .where('vendor', '=', vendor)
      .where((row) => row.or([row('expires_at', 'is', null), row('expires_at', '>', clock.now())]))
      .orderBy('created_at', 'desc')
      .execute(),
  );
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
