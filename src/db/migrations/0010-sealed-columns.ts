import { type Kysely, sql } from 'kysely';
import { createDirectoryFunction, openToDirectory } from '../directory.ts';

/** A change of AVA_SECRET_KEY reaches every column that is sealed with it, not the credentials alone. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const { table } of SEALED) await openToDirectory(db, table);
  await createDirectoryFunction(db, {
    name: 'sealed_by',
    parameters: '',
    returns: 'table (key_prefix bytea, rows bigint, tenant_id uuid)',
    body: `select substring(s.sealed from 1 for 5), count(*), (array_agg(s.tenant_id))[1]
      from (${eachOf(({ table, column, lasting = 'true' }) => `select ${column} as sealed, tenant_id from ${table} where ${column} is not null and ${lasting}`, 'union all')}) s
      group by 1`,
  });
  await createDirectoryFunction(db, {
    name: 'tenants_sealed_by',
    parameters: 'wanted bytea, most integer',
    returns: 'setof uuid',
    body: `${eachOf(({ table, column }) => `select tenant_id from ${table} where substring(${column} from 1 for 5) = wanted`, 'union')} limit most`,
  });
  await sql.raw(`create or replace function ${TAKE}`).execute(db);
  await sql.raw(`create or replace function ${PUT}`).execute(db);
}

type Sealed = { table: string; column: string; key: string; lasting?: string };

/** `key`: what names the row in the words of AVA; `lasting`: whether the row is still worth opening. */
const SEALED: Sealed[] = [
  { table: 'vendor_credentials', column: 'secret', key: 'vendor' },
  { table: 'webhook_secrets', column: 'secret', key: 'id::text' },
  { table: 'calendar_connections', column: 'tokens', key: 'provider' },
  {
    table: 'calendar_authorizations',
    column: 'verifier',
    key: `encode(state_hash, 'hex')`,
    lasting: 'expires_at > now()',
  },
  { table: 'assistants', column: 'deleted_copy', key: 'vapi_assistant_id::text' },
];

function eachOf(words: (sealed: Sealed) => string, between: string): string {
  return SEALED.map(words).join(` ${between} `);
}

const TAKE = `take_sealed(tenants uuid[], prefix bytea)
  returns table (owner uuid, source text, row_key text, sealed bytea) language plpgsql as $body$
  declare t uuid;
  begin
    foreach t in array tenants loop
      perform set_config('app.tenant', t::text, true);
      ${eachOf(
        ({
          table,
          column,
          key,
        }) => `return query select s.tenant_id, '${table}', ${qualified(key)}, s.${column} from ${table} s
        where s.tenant_id = t and substring(s.${column} from 1 for 5) = prefix for update skip locked;`,
        '\n',
      )}
    end loop;
  end $body$`;

const PUT = `put_sealed(owners uuid[], sources text[], row_keys text[], sealed bytea[])
  returns void language plpgsql as $body$
  begin
    for i in 1 .. coalesce(array_length(owners, 1), 0) loop
      perform set_config('app.tenant', owners[i]::text, true);
      case sources[i]
      ${eachOf(
        ({ table, column, key }) => `when '${table}' then
        update ${table} s set ${column} = sealed[i] where s.tenant_id = owners[i] and ${qualified(key)} = row_keys[i];`,
        '\n',
      )}
      end case;
    end loop;
  end $body$`;

function qualified(key: string): string {
  return key.replace(/\b(vendor|id|provider|state_hash|vapi_assistant_id)\b/, 's.$1');
}
