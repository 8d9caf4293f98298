/** Fills every tenant table with a row per tenant, whatever its columns are, so that isolation is tested on all of them. */
import type { Client } from 'pg';

export type Column = { name: string; type: string; isGenerated: boolean; isNeeded: boolean };

export type TenantTable = { name: string; columns: Column[] };

/** All tables of the schema `public` that have a `tenant_id`; partitions are reached through theirs. */
export async function listTenantTables(owner: Client): Promise<TenantTable[]> {
  const { rows } = await owner.query<{ table: string } & Column>(`
    select c.relname as table, a.attname as name, format_type(a.atttypid, null) as type,
      a.attgenerated <> '' or a.attidentity <> '' as "isGenerated", a.attnotnull and not a.atthasdef as "isNeeded"
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
      and exists (select from pg_attribute t where t.attrelid = c.oid and t.attname = 'tenant_id' and not t.attisdropped)
    order by c.relname, a.attnum`);
  const tables = new Map<string, TenantTable>();
  for (const { table, ...column } of rows) {
    const known = tables.get(table) ?? { name: table, columns: [] };
    known.columns.push(column);
    tables.set(table, known);
  }
  return [...tables.values()];
}

/** Takes away the rules that invented values would break; only for a database that is thrown away. */
export async function dropRules(owner: Client, table: TenantTable): Promise<void> {
  const { rows } = await owner.query<{ conname: string }>(
    `select conname from pg_constraint where conrelid = $1::regclass and contype in ('c', 'f') and conparentid = 0`,
    [`public.${table.name}`],
  );
  for (const { conname } of rows) await owner.query(`alter table "${table.name}" drop constraint "${conname}"`);
}

/** The statement that adds one row of `tenantId` with invented values. */
export function insertOf(table: TenantTable, tenantId: string): string {
  const wanted = table.columns.filter(
    (column) => column.name === 'tenant_id' || (column.isNeeded && !column.isGenerated),
  );
  const names = wanted.map((column) => `"${column.name}"`).join(', ');
  const values = wanted.map((column) => (column.name === 'tenant_id' ? `'${tenantId}'::uuid` : valueOf(column)));
  return `insert into "${table.name}" (${names}) values (${values.join(', ')})`;
}

function valueOf(column: Column): string {
  const value = VALUES[column.type];
  if (!value) throw new Error(`sample-rows.ts knows no value of the type ${column.type}, needed for ${column.name}`);
  return value;
}

const VALUES: Record<string, string> = {
  uuid: 'gen_random_uuid()',
  text: 'gen_random_uuid()::text',
  bytea: "decode(md5(random()::text), 'hex')",
  jsonb: `'{}'::jsonb`,
  boolean: 'true',
  smallint: '1',
  integer: '1',
  bigint: '(random() * 1000000000)::bigint',
  'double precision': '1',
  numeric: '1',
  date: 'current_date',
  tsvector: `''::tsvector`,
  inet: `'127.0.0.1'::inet`,
  'text[]': `'{}'::text[]`,
  'timestamp with time zone': 'now()',
};
