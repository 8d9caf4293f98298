/** Restoration of a backup into an empty database, and the move from one database to another. */
import { PassThrough, type Readable } from 'node:stream';
import type { Client } from 'pg';
import { backupDatabase, type BackupReport, type OnTable } from './backup.ts';
import { DERIVED, type KeptTable, listKeptTables, seesAllRows } from './backup/catalogue.ts';
import { withClient } from './backup/client.ts';
import { copyIn } from './backup/copy.ts';
import { makeIndexes, takeIndexes } from './backup/indexes.ts';
import { type Frame, readFrames, type Section } from './backup/frames.ts';
import { migrate, readMigrationState } from './migrate.ts';
import { makeMonths, MONTHLY_TABLES } from './months.ts';

/**
 * Fills an empty database from a backup, all or nothing. Migrates it first. Throws when it is not empty, and when the
 * backup is damaged or of a newer AVA.
 */
export async function restoreDatabase(
  url: string,
  input: Readable,
  onTable: OnTable = () => {},
): Promise<BackupReport> {
  const frames = readFrames(input);
  const first = (await frames.next()).value as Frame | undefined;
  if (first?.kind !== 'manifest') throw new Error('This is not a backup that this AVA can read.');
  await migrate({ url, log: { info: () => {} } });
  const state = await readMigrationState(url);
  const unknown = first.manifest.migrations.filter((name) => !state.applied.includes(name));
  if (unknown.length > 0) {
    throw new Error(
      `This backup is of a newer AVA: it has ${unknown.join(', ')}. Restore it with that version or a later one.`,
    );
  }
  return await withClient(url, async (client) => {
    await client.query('begin');
    const tables = await listKeptTables(client);
    await makeRoom(client, tables);
    for (const table of MONTHLY_TABLES)
      await makeMonths((text) => client.query(text), table, first.manifest.months?.[table] ?? []);
    const indexes = await takeIndexes(client);
    const counts = await load(client, frames, tables, onTable);
    for (const { fill } of DERIVED) await client.query(fill);
    await makeIndexes(client, indexes);
    if (!(await seesAllRows(client))) await setForced(client, tables, true);
    await client.query('commit');
    await client.query('analyze');
    return { ...counts, madeAt: new Date(first.manifest.madeAt) };
  });
}

/** Moves everything from one database into an empty one. */
export async function copyDatabase(from: string, to: string, onTable: OnTable = () => {}): Promise<BackupReport> {
  const pipe = new PassThrough({ highWaterMark: 1 << 20 });
  const [report] = await Promise.all([
    restoreDatabase(to, pipe, onTable).catch((error: unknown) => {
      pipe.destroy();
      throw error;
    }),
    backupDatabase(from, pipe).catch((error: unknown) => {
      pipe.destroy(error as Error);
      throw error;
    }),
  ]);
  return report;
}

async function makeRoom(client: Client, tables: KeptTable[]): Promise<void> {
  const names = tables.map((table) => table.name).join(', ');
  await client.query(`lock table ${names} in access exclusive mode`);
  for (const table of ['tenants', 'users']) {
    const { rowCount } = await client.query(`select from ${table} limit 1`);
    if (rowCount !== 0) throw new Error('This database is not empty. Restore into a new one; nothing was changed.');
  }
  // Rows that migrations and a first start have put there give way to those of the backup.
  await client.query(`truncate ${names} cascade`);
  if (!(await seesAllRows(client))) await setForced(client, tables, false);
  // What was whole when it was saved needs no look-up per row now; only a superuser may say so.
  const { rows } = await client.query<{ super: boolean }>(`select current_setting('is_superuser') = 'on' as super`);
  if (rows[0]?.super) await client.query('set local session_replication_role = replica');
}

// COPY does not run under row-level security; the owner, inside this transaction, may stand above it.
async function setForced(client: Client, tables: KeptTable[], isForced: boolean): Promise<void> {
  for (const { name, isTenants } of tables) {
    if (isTenants) await client.query(`alter table ${name} ${isForced ? '' : 'no'} force row level security`);
  }
}

type Frames = AsyncGenerator<Frame, void>;

async function load(client: Client, frames: Frames, tables: KeptTable[], onTable: OnTable) {
  const counts = { tables: 0, rows: 0 };
  let frame = await nextFrame(frames);
  while (frame.kind === 'section') {
    const { section } = frame;
    if (section.kind === 'table') {
      onTable(section.name);
      const rest: { frame?: Frame } = {};
      counts.rows += await loadTable(client, section, tables, dataOf(frames, rest));
      counts.tables += 1;
      frame = rest.frame ?? (await nextFrame(frames));
    } else {
      await setSequences(client, section);
      frame = await nextFrame(frames);
    }
  }
  if (frame.kind !== 'end') throw new Error('The backup is damaged: its parts are in the wrong order.');
  return counts;
}

async function loadTable(
  client: Client,
  section: Extract<Section, { kind: 'table' }>,
  tables: KeptTable[],
  chunks: AsyncIterable<Buffer>,
): Promise<number> {
  const table = tables.find((known) => known.name === section.name);
  if (!table || section.columns.some((column) => !table.columns.includes(column))) {
    throw new Error(`The backup holds ${section.name} in a shape that this AVA does not know.`);
  }
  return await copyIn(client, `copy ${table.name} (${section.columns.join(', ')}) from stdin`, chunks);
}

async function* dataOf(frames: Frames, rest: { frame?: Frame }): AsyncGenerator<Buffer> {
  for (;;) {
    const frame = await nextFrame(frames);
    if (frame.kind === 'data') yield frame.chunk;
    else {
      rest.frame = frame;
      return;
    }
  }
}

async function nextFrame(frames: Frames): Promise<Frame> {
  const { value } = await frames.next();
  if (!value) throw new Error('The backup is incomplete: it ends before its seal.');
  return value;
}

async function setSequences(client: Client, section: Extract<Section, { kind: 'sequences' }>): Promise<void> {
  for (const { name, last, isCalled } of section.values) {
    await client.query('select setval($1::regclass, $2::int8, $3)', [name, last, isCalled]);
  }
}
