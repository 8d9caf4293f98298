/** What a migration does to each new table, so that isolation never depends on a query's `where`. */
import { type Kysely, sql } from 'kysely';

/** The role that serves requests: owns nothing, cannot sign in by itself, stands under row-level security. */
export const SERVING_ROLE = 'ava_app';

/** Puts a table with `tenant_id` under row-level security, also for its owner, and opens it to the serving role. */
export async function secureTenantTable(db: Kysely<unknown>, table: string): Promise<void> {
  const name = sql.table(table);
  await sql`alter table ${name} enable row level security`.execute(db);
  await sql`alter table ${name} force row level security`.execute(db);
  // An empty setting is what remains on a connection after a transaction that had set it.
  const isOwn = sql`tenant_id = nullif(current_setting('app.tenant', true), '')::uuid`;
  await sql`create policy tenant on ${name} using (${isOwn}) with check (${isOwn})`.execute(db);
  await grantGlobalTable(db, table);
}

/** Opens a table that belongs to no tenant to the serving role. */
export async function grantGlobalTable(db: Kysely<unknown>, table: string): Promise<void> {
  const name = sql.table(table);
  await sql`grant select, insert, update, delete on ${name} to ${sql.id(SERVING_ROLE)}`.execute(db);
}
