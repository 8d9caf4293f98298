/** Indexes are made anew when all rows are there: row by row they would be most of the work of a restoration. */
import type { Client } from 'pg';

/**
 * Takes away the indexes that no key or other constraint hangs on, in the transaction of `client`. Resolves to the
 * statements that make them again, as they were: of partitions first, and then each as a part of its table's.
 */
export async function takeIndexes(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string; definition: string; parent: string | null }>(
    `select i.indexrelid::regclass::text as name, pg_get_indexdef(i.indexrelid) as definition,
       (select h.inhparent::regclass::text from pg_inherits h where h.inhrelid = i.indexrelid) as parent
     from pg_index i join pg_class c on c.oid = i.indrelid
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
       and c.relname not like 'kysely\\_%' and not i.indisreplident and not i.indisclustered
       and not exists (select from pg_constraint k where k.conindid = i.indexrelid)
     order by 1`,
  );
  // Those of partitions go with their table's.
  const own = rows.filter((row) => row.parent === null);
  if (own.length > 0) await client.query(`drop index ${own.map((row) => row.name).join(', ')}`);
  return [
    ...rows.map((row) => row.definition),
    ...rows.flatMap(({ name, parent }) => (parent === null ? [] : [`alter index ${parent} attach partition ${name}`])),
  ];
}

/** Makes them again. A row that breaks a unique one makes this throw, and the restoration with it. */
export async function makeIndexes(client: Client, definitions: string[]): Promise<void> {
  await client.query(`set local maintenance_work_mem = '256MB'`);
  for (const definition of definitions) await client.query(definition);
}
