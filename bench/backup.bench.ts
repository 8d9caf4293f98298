/**
 * R41: a backup while rows are written, restored into an empty database, and compared: what was acknowledged before it
 * began is there, nothing that nobody wrote; and how long a million rows take (`--full` has a million, else 40,000).
 */
import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { backupDatabase } from '../src/db/backup.ts';
import { connectDatabase, type Database } from '../src/db/connect.ts';
import { startEmbeddedPostgres } from '../src/db/embedded.ts';
import { migrate } from '../src/db/migrate.ts';
import { restoreDatabase } from '../src/db/restore.ts';
import { printResult } from '../test/harness/result.ts';
import { fillCalls } from './fill-calls.ts';

/** Each has its text: half of the rows. */
const CALLS = process.argv.includes('--full') ? 500_000 : 20_000;
const WRITERS = 4;
const silent = { info: () => {}, warn: () => {} };

const dir = mkdtempSync(path.join(tmpdir(), 'ava-bench-backup-'));
const postgres = await startEmbeddedPostgres({ dataDir: dir, log: silent });
try {
  await migrate({ url: postgres.url, log: silent });
  await measure();
} finally {
  await postgres.stop();
  rmSync(dir, { recursive: true, force: true });
}

async function measure(): Promise<void> {
  const tenantId = randomUUID();
  const db = connectDatabase({ url: postgres.url, applicationName: 'bench', role: 'ava_app' });
  await db.system.insertInto('tenants').values({ id: tenantId, name: 'Bench' }).execute();
  await fillCalls(postgres.url, { tenantId, calls: CALLS });
  const writing = writeUntilTold(db, tenantId);
  await writing.hasBegun;
  const acknowledged = writing.acknowledged();
  const file = path.join(dir, 'backup');
  const [out, saveMs] = await timed(() => backupDatabase(postgres.url, createWriteStream(file)));
  const { begun } = await writing.end();
  await db.close();

  const empty = await otherDatabase();
  const [back, loadMs] = await timed(() => restoreDatabase(empty, createReadStream(file)));
  const restored = new Set(await keysOf(empty));
  const lost = acknowledged.filter((key) => !restored.has(key)).length;
  const invented = [...restored].filter((key) => !begun.has(key)).length;
  const rows = await rowsOf(empty);
  const perMillion = ((saveMs + loadMs) / 1000 / out.rows) * 1_000_000;
  console.log(
    `${out.rows} rows, ${Math.round(statSync(file).size / 1e6)} MB; backup ${(saveMs / 1000).toFixed(1)} s, restore ${(loadMs / 1000).toFixed(1)} s; ${restored.size - acknowledged.length} rows written while it began are in it`,
  );
  printResult({
    id: 'R41',
    value: `${lost} of ${acknowledged.length} acknowledged lost; ${Math.round(perMillion)} s`,
    unit: 'backup under load and restore, for a million rows',
    goal: '0; 60',
    floor: '0; 300',
    pass: lost === 0 && invented === 0 && back.rows === out.rows && rows === 2 * CALLS && perMillion <= 300,
    n: out.rows,
  });
}

/** Writes as AVA does, a transaction for each row, and keeps what was acknowledged. */
function writeUntilTold(db: Database, tenantId: string) {
  const told = new AbortController();
  const begun = new Set<string>();
  const done: string[] = [];
  const first = Promise.withResolvers<void>();
  const writer = async () => {
    while (!told.signal.aborted) {
      const key = randomUUID();
      begun.add(key);
      await db.asTenant(tenantId, (trx) =>
        trx
          .insertInto('effects')
          .values({ tenant_id: tenantId, key, kind: 'bench', state: 'done', correlation_id: 'bench', outcome: '{}' })
          .execute(),
      );
      if (done.push(key) === 200) first.resolve();
    }
  };
  const running = Promise.all(Array.from({ length: WRITERS }, writer));
  return {
    hasBegun: Promise.race([first.promise, running]),
    acknowledged: () => [...done],
    async end() {
      told.abort();
      await running;
      return { begun };
    },
  };
}

async function otherDatabase(): Promise<string> {
  const url = new URL(postgres.url);
  await ask(postgres.url, 'create database restored template template0');
  url.pathname = '/restored';
  return url.href;
}

async function keysOf(url: string): Promise<string[]> {
  return (await ask<{ key: string }>(url, 'select key from effects')).map((row) => row.key);
}

async function rowsOf(url: string): Promise<number> {
  const [row] = await ask<{ rows: number }>(
    url,
    'select ((select count(*) from calls) + (select count(*) from call_texts))::float8 as rows',
  );
  return row!.rows;
}

async function ask<T extends object>(url: string, text: string): Promise<T[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<T>(text)).rows;
  } finally {
    await client.end();
  }
}

async function timed<T>(work: () => Promise<T>): Promise<[T, number]> {
  const startedMs = performance.now();
  const result = await work();
  return [result, performance.now() - startedMs];
}
