/** The role that serves, and the login that may become it and nothing else. */
import type { Client } from 'pg';
import { SERVING_ROLE } from './tenant-table.ts';

/** Signs in on the embedded database, has no right of its own, and can become the serving role alone. */
export const SERVING_LOGIN = 'ava_login';

/** Makes the role that serves, where it is missing, and lets the role of `client` grant to it. */
export async function createServingRole(client: Client): Promise<void> {
  await makeRole(client, SERVING_ROLE, 'nologin');
  await client.query(`do $$ begin
    if not pg_has_role(current_user, '${SERVING_ROLE}', 'member') or not exists (
      select from pg_auth_members where roleid = '${SERVING_ROLE}'::regrole and member = current_user::regrole
    ) then execute format('grant ${SERVING_ROLE} to %I', current_user); end if;
  end $$`);
  await client.query(`grant usage on schema public to ${SERVING_ROLE}`);
}

/** Makes the login, where it is missing, with this password; only a superuser can. */
export async function createServingLogin(client: Client, password: string): Promise<void> {
  await makeRole(client, SERVING_ROLE, 'nologin');
  await makeRole(client, SERVING_LOGIN, 'login');
  await client.query(`alter role ${SERVING_LOGIN} password ${client.escapeLiteral(password)}`);
  await client.query(`grant ${SERVING_ROLE} to ${SERVING_LOGIN}`);
}

// Roles belong to the whole server: another database on it may have made this one, even at this very moment.
async function makeRole(client: Client, name: string, login: 'login' | 'nologin'): Promise<void> {
  await client.query(`do $$ begin
    if not exists (select from pg_roles where rolname = '${name}') then
      create role ${name} ${login} noinherit nosuperuser nocreatedb nocreaterole nobypassrls;
    end if;
  exception when duplicate_object or unique_violation then null;
  end $$`);
}
