/** Indexes are made anew when all rows are there: row by row they would be most of the work of a restoration. */
import type { Client } from 'pg';

/**
 * Takes away the indexes that no key or other constraint hangs on, in the transaction of `client`. Resolves to the
 * statements that make them again, as they were.
 */
export async function takeIndexes(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string; definition: string }>(
    `select i.indexrelid::regclass::text as name, pg_get_indexdef(i.indexrelid) as definition
     from pg_index i join pg_class c on c.oid = i.indrelid
     where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and not c.relispartition
       and c.relname not like 'kysely\\_%' and not i.indisreplident and not i.indisclustered
       and not exists (select from pg_constraint k where k.conindid = i.indexrelid)
     order by 1`,
  );
  if (rows.length > 0) await client.query(`drop index ${rows.map((row) => row.name).join(', ')}`);
  return rows.map((row) => row.definition);
}

/** Makes them again. A row that breaks a unique one makes this throw, and the restoration with it. */
export async function makeIndexes(client: Client, definitions: string[]): Promise<void> {
  await client.query(`set local maintenance_work_mem = '256MB'`);
  for (const definition of definitions) await client.query(definition);
}
