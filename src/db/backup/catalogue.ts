/** Which tables and counters a backup holds, and in which order they can be filled again. */
import type { Client } from 'pg';
import { JOBS_SCHEMA } from '../../jobs/schema.ts';

export type KeptTable = {
  /** With its schema, quoted. */
  name: string;
  columns: string[];
  /** Whether each tenant sees its own rows alone. */
  isTenants: boolean;
};

/** LIST: what follows from other tables, and is made anew by a restoration rather than kept in a backup. */
export const DERIVED: { table: string; fill: string }[] = [
  {
    table: 'public.webhook_keys',
    fill: `insert into webhook_keys (tenant_id, key, event_id)
      select tenant_id, message_key(dedupe_key), id from webhook_events`,
  },
  {
    table: 'public.webhook_due',
    fill: `insert into webhook_due (tenant_id, due_at, event_id)
      select tenant_id, case state when 'dead' then 'infinity' else due_at end, id from webhook_events
      where state <> 'processed'`,
  },
];

/**
 * Parents before children. Of the job queue: queues, waiting jobs and clocks; not its statistics. What says of this one
 * database who uses it and what its schema has lost stays with it.
 */
export async function listKeptTables(client: Client): Promise<KeptTable[]> {
  const { rows } = await client.query<KeptTable & { oid: number; parents: number[] }>(
    `select c.oid, format('%I.%I', n.nspname, c.relname) as name, c.relforcerowsecurity as "isTenants",
       array(select quote_ident(a.attname) from pg_attribute a
             where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' order by a.attnum) as columns,
       array(select k.confrelid from pg_constraint k
             where k.conrelid = c.oid and k.contype = 'f' and k.confrelid <> c.oid) as parents
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p') and not c.relispartition
       and (n.nspname = 'public' and c.relname not like 'kysely\\_%'
            and c.relname not in ('replicas', 'schema_contracts')
            or n.nspname = $1 and c.relname in ('queue', 'job', 'schedule'))
     order by 2`,
    [JOBS_SCHEMA],
  );
  const sorted: typeof rows = [];
  const wanted = new Set(rows.map((row) => row.oid));
  for (let left = rows; left.length > 0; left = left.filter((row) => !sorted.includes(row))) {
    const placed = new Set(sorted.map((row) => row.oid));
    const next = left.filter((row) => row.parents.every((parent) => placed.has(parent) || !wanted.has(parent)));
    if (next.length === 0)
      throw new Error(`tables refer to each other in a circle: ${left.map((row) => row.name).join(', ')}`);
    sorted.push(...next);
  }
  return sorted.map(({ name, columns, isTenants }) => ({ name, columns, isTenants }));
}

/** Counters of tables and those that stand alone. */
export async function listSequences(client: Client): Promise<{ name: string; last: string; isCalled: boolean }[]> {
  const { rows } = await client.query<{ name: string }>(
    `select format('%I.%I', schemaname, sequencename) as name from pg_sequences where schemaname = 'public' order by 1`,
  );
  const values = [];
  for (const { name } of rows) {
    const state = await client.query<{ last: string; isCalled: boolean }>(
      `select last_value::text as last, is_called as "isCalled" from ${name}`,
    );
    const [value] = state.rows;
    if (value) values.push({ name, ...value });
  }
  return values;
}

/** Whether the role in use sees all rows whatever row-level security says. */
export async function seesAllRows(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ all: boolean }>(
    'select rolsuper or rolbypassrls as all from pg_roles where rolname = current_user',
  );
  return rows[0]?.all === true;
}
