/** The shape of a schema as a version of AVA leans on it: read from the catalogue, whatever a migration claims. */
import type { Client } from 'pg';

export type TableShape = { oid: number; file: number; kind: string; granted: string };
export type ColumnShape = { oid: number; position: number; type: string; isNeeded: boolean; hasDefault: boolean };
export type RuleShape = { oid: number; definition: string; columns: number[]; isUnique: boolean };

export type Shape = {
  tables: Map<string, TableShape>;
  /** Partitions, which no version names, with the table that they are of. */
  partitions: Map<string, { oid: number; table: string }>;
  /** By `table.column`. */
  columns: Map<string, ColumnShape>;
  /** Constraints by `table.name`. */
  constraints: Map<string, RuleShape>;
  indexes: Map<string, RuleShape>;
  /** By signature. */
  functions: Map<string, { answer: string; isGranted: boolean }>;
  /** Policies of row-level security by `table.name`. */
  policies: Map<string, string>;
};

/** Reads the schema `public`, as far as `ava_app` uses it. */
export async function readShape(client: Client): Promise<Shape> {
  const read = async <T>(text: string): Promise<Map<string, T>> => {
    const { rows } = await client.query<T & { name: string }>(text);
    return new Map(rows.map(({ name, ...rest }) => [name, rest as T]));
  };
  const policies = await read<{ rule: string }>(POLICIES);
  return {
    tables: await read(TABLES),
    partitions: await read(PARTITIONS),
    columns: await read(COLUMNS),
    constraints: await read(CONSTRAINTS),
    indexes: await read(INDEXES),
    functions: await read(FUNCTIONS),
    policies: new Map([...policies].map(([name, { rule }]) => [name, rule])),
  };
}

const OURS = `c.relnamespace = 'public'::regnamespace and not c.relispartition and c.relname not like 'kysely\\_%'`;

const PARTITIONS = `
  select c.relname as name, c.oid::int8 as oid, p.relname as table
  from pg_class c join pg_inherits i on i.inhrelid = c.oid join pg_class p on p.oid = i.inhparent
  where c.relispartition and c.relkind in ('r', 'p')`;

const TABLES = `
  select c.relname as name, c.oid::int8 as oid, c.relfilenode::int8 as file, c.relkind as kind,
    coalesce((select string_agg(a.privilege_type, ',' order by a.privilege_type) from aclexplode(c.relacl) a
      where a.grantee = 'ava_app'::regrole), '') as granted
  from pg_class c where ${OURS} and c.relkind in ('r', 'p', 'v', 'm', 'S')`;

const COLUMNS = `
  select c.relname || '.' || a.attname as name, c.oid::int8 as oid, a.attnum::int as position,
    format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as "isNeeded",
    a.atthasdef or a.attidentity <> '' or a.attgenerated <> '' as "hasDefault"
  from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  where ${OURS} and c.relkind in ('r', 'p', 'v', 'm')`;

// NOT NULL is read with the column; keys and uniqueness with their index. A rule that is not validated binds whoever
// writes all the same, so to validate it takes nothing. A reference to a table by month has a part for each month.
const CONSTRAINTS = `
  select c.relname || '.' || k.conname as name, c.oid::int8 as oid, replace(pg_get_constraintdef(k.oid), ' NOT VALID', '') as definition,
    coalesce(k.conkey, '{}')::int[] as columns, false as "isUnique"
  from pg_constraint k join pg_class c on c.oid = k.conrelid
  where ${OURS} and k.contype in ('c', 'f', 'x') and k.conparentid = 0`;

const INDEXES = `
  select i.relname as name, c.oid::int8 as oid, replace(pg_get_indexdef(i.oid), ' ON ONLY ', ' ON ') as definition,
    string_to_array(x.indkey::text, ' ')::int[] as columns, x.indisunique as "isUnique"
  from pg_index x join pg_class i on i.oid = x.indexrelid join pg_class c on c.oid = x.indrelid
  where ${OURS} and c.relkind in ('r', 'p', 'm')`;

const FUNCTIONS = `
  select p.oid::regprocedure::text as name, pg_get_function_result(p.oid) as answer,
    has_function_privilege('ava_app', p.oid, 'execute') as "isGranted"
  from pg_proc p where p.pronamespace = 'public'::regnamespace and p.prokind in ('f', 'p')
    and p.prorettype <> 'trigger'::regtype`;

const POLICIES = `
  select c.relname || '.' || p.polname as name,
    concat_ws(' | ', p.polcmd, p.polpermissive, p.polroles::regrole[]::text, pg_get_expr(p.polqual, p.polrelid),
      pg_get_expr(p.polwithcheck, p.polrelid)) as rule
  from pg_policy p join pg_class c on c.oid = p.polrelid where ${OURS}`;
