/** Fills a database with tenants that have a Vapi key each, some calls, and webhooks in the ledger. */
import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { placeOf } from '../src/features/credentials/credentials.ts';
import { createVault, type Place } from '../src/features/credentials/vault.ts';

export type TenantsToFill = { url: string; secretKey: string; apiKey: string; count: number };

const STEP = 5_000;

/** Resolves to the ids. The owner's `url`. */
export async function fillTenants({ url, secretKey, apiKey, count }: TenantsToFill): Promise<string[]> {
  const vault = createVault({ secretKey });
  const tenants = Array.from({ length: count }, () => randomUUID());
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('set synchronous_commit = off');
    for (let from = 0; from < count; from += STEP) {
      const some = tenants.slice(from, from + STEP);
      await client.query(`insert into tenants (id, name) select id, 'Tenant' from unnest($1::uuid[]) id`, [some]);
      await client.query(
        `insert into vendor_credentials (tenant_id, vendor, secret, last4, updated_by)
         select t, 'vapi', s, '1234', 'bench' from unnest($1::uuid[], $2::bytea[]) as f (t, s)`,
        [some, some.map((id) => vault.seal(apiKey, placeOf(id, 'vapi')))],
      );
      await client.query(
        `insert into webhook_secrets (tenant_id, id, vendor, secret, fingerprint)
         select t, t, 'vapi', s, sha256(t::text::bytea) from unnest($1::uuid[], $2::bytea[]) as f (t, s)`,
        [some, some.map((id) => vault.seal(id, placeOfSecret(id)))],
      );
      for (const statement of OF_EACH) await client.query(statement, [some]);
    }
    await client.query('vacuum analyze');
    return tenants;
  } finally {
    await client.end();
  }
}

/** A tenant's secret for webhooks is its id, and so is the row's. */
function placeOfSecret(id: string): Place {
  return { tenantId: id, table: 'webhook_secrets', column: 'secret', row: id };
}

const OF_EACH = [
  `insert into calls (tenant_id, vapi_call_id, direction, status, outcome, started_at)
   select t, gen_random_uuid()::text, 'inbound', 'ended', 'ai', date_trunc('milliseconds', now()) - make_interval(hours => n)
   from unnest($1::uuid[]) t, generate_series(1, 4) n`,
  `insert into webhook_events (tenant_id, vendor, type, dedupe_key, state, kept, correlation_id)
   select t, 'vapi', 'status-update', md5(t::text || n), 'processed', '{}', 'bench'
   from unnest($1::uuid[]) t, generate_series(1, 8) n`,
  `insert into phone_numbers (tenant_id, sid, phone_number) select t, 'PN' || md5(t::text), '+1' || abs(hashtext(t::text))
   from unnest($1::uuid[]) t`,
];
