/**
 * Look-ups that must cross tenants: who owns this number, where is this user a member. Each is a SECURITY DEFINER
 * function owned by `ava_directory`, a role that can sign in nowhere, bypasses nothing, and may read only the tables
 * that a migration opens to it. The serving role can call the functions and can never become that role.
 */
import { type Kysely, sql } from 'kysely';

/** Makes the role; safe to run again. */
export async function createDirectoryRole(db: Kysely<unknown>): Promise<void> {
  await sql`do $$ begin
    if not exists (select from pg_roles where rolname = 'ava_directory') then create role ava_directory nologin; end if;
  exception when duplicate_object or unique_violation then null; end $$`.execute(db);
  await sql`do $$ begin execute format('grant ava_directory to %I', current_user); end $$`.execute(db);
  await sql`grant usage on schema public to ava_directory`.execute(db);
}

/** Lets look-up functions read `table` across tenants; safe to run again, for two rooms may look into one table. */
export async function openToDirectory(db: Kysely<unknown>, table: string): Promise<void> {
  await sql`grant select on ${sql.table(table)} to ava_directory`.execute(db);
  await sql`drop policy if exists directory on ${sql.table(table)}`.execute(db);
  await sql`create policy directory on ${sql.table(table)} for select to ava_directory using (true)`.execute(db);
}

export type DirectoryFunction = { name: string; parameters: string; returns: string; body: string };

/** Creates one look-up; `body` is a single SQL select over tables opened with `openToDirectory`. */
export async function createDirectoryFunction(db: Kysely<unknown>, definition: DirectoryFunction): Promise<void> {
  const { name, parameters, returns, body } = definition;
  const signature = `${name}(${parameters})`;
  await sql
    .raw(
      `create or replace function ${signature} returns ${returns} language sql stable security definer
       set search_path = public, pg_temp as $body$ ${body} $body$`,
    )
    .execute(db);
  await sql`grant create on schema public to ava_directory`.execute(db);
  await sql.raw(`alter function ${signature} owner to ava_directory`).execute(db);
  await sql`revoke create on schema public from ava_directory`.execute(db);
  await sql.raw(`revoke all on function ${signature} from public`).execute(db);
  await sql.raw(`grant execute on function ${signature} to ava_app`).execute(db);
}
