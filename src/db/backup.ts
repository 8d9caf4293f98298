/** A backup while AVA serves, by nothing but a connection. */
import type { Writable } from 'node:stream';
import type { Client } from 'pg';
import { DERIVED, type KeptTable, listKeptTables, listSequences, seesAllRows } from './backup/catalogue.ts';
import { copyOut } from './backup/copy.ts';
import { withClient } from './backup/client.ts';
import { createFrameWriter, type FrameWriter } from './backup/frames.ts';
import { readMigrationState } from './migrate.ts';
import { listMonths, MONTHLY_TABLES } from './months.ts';

export type BackupReport = { tables: number; rows: number; madeAt: Date };

/** Called before each table, for progress. */
export type OnTable = (name: string) => void;

/**
 * Writes everything that is committed at this moment to `out`; writers are not held up. What is sealed stays sealed:
 * to read it again the same AVA_SECRET_KEY is needed. Throws `DatabaseUnavailable`, or the error of `out`.
 */
export async function backupDatabase(url: string, out: Writable, onTable: OnTable = () => {}): Promise<BackupReport> {
  const { applied } = await readMigrationState(url);
  return await withClient(url, async (client) => {
    await client.query('begin isolation level repeatable read read only');
    const madeAt = (await client.query<{ now: Date }>('select now()')).rows[0]?.now ?? new Date();
    const writer = createFrameWriter(out);
    const months = await listAllMonths(client);
    await writer.manifest({ format: 1, madeAt: madeAt.toISOString(), migrations: applied, months });
    const tables = (await listKeptTables(client)).filter(({ name }) => DERIVED.every(({ table }) => table !== name));
    const tenants = (await seesAllRows(client)) ? undefined : await listTenants(client);
    let rows = 0;
    for (const table of tables) {
      onTable(table.name);
      rows += await saveTable(client, writer, table, tenants);
    }
    await writer.section({ kind: 'sequences', values: await listSequences(client) });
    await writer.end();
    return { tables: tables.length, rows, madeAt };
  });
}

async function listAllMonths(client: Client): Promise<Record<string, number[]>> {
  const months: Record<string, number[]> = {};
  for (const table of MONTHLY_TABLES) months[table] = await listMonths((text) => client.query(text), table);
  return months;
}

// A role under row-level security sees one tenant at a time, so it goes from one to the next.
async function saveTable(
  client: Client,
  writer: FrameWriter,
  table: KeptTable,
  tenants: string[] | undefined,
): Promise<number> {
  await writer.section({ kind: 'table', name: table.name, columns: table.columns });
  const columns = table.columns.join(', ');
  let rows = 0;
  for (const tenant of table.isTenants && tenants ? tenants : [undefined]) {
    await client.query(`select set_config('app.tenant', $1, true)`, [tenant ?? '']);
    const own = tenant ? ` where tenant_id = ${client.escapeLiteral(tenant)}` : '';
    for await (const chunk of copyOut(client, `copy (select ${columns} from ${table.name}${own}) to stdout`)) {
      rows += countLines(chunk);
      await writer.data(chunk);
    }
  }
  return rows;
}

async function listTenants(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>('select id from tenants order by id');
  return rows.map((row) => row.id);
}

function countLines(chunk: Buffer): number {
  let lines = 0;
  for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) lines += 1;
  return lines;
}
