/**
 * S09: AVA_SECRET_KEY changes while 100,000 credentials are read (`--full`; else 10,000). The process that seals them anew
 * is killed twenty times on its way, and begun again; then one that is left alone is timed.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { Client } from 'pg';
import { connectDatabase } from '../src/db/connect.ts';
import { startEmbeddedPostgres } from '../src/db/embedded.ts';
import { migrate } from '../src/db/migrate.ts';
import { placeOf } from '../src/features/credentials/credentials.ts';
import { createVault, type Vault } from '../src/features/credentials/vault.ts';
import { printResult } from '../test/harness/result.ts';

const CREDENTIALS = process.argv.includes('--full') ? 100_000 : 10_000;
const KILLS = 20;
const silent = { info: () => {}, warn: () => {} };

const dir = mkdtempSync(path.join(tmpdir(), 'ava-bench-rotation-'));
const postgres = await startEmbeddedPostgres({ dataDir: dir, log: silent });
const db = connectDatabase({ url: postgres.url, applicationName: 'bench', role: 'ava_app' });
try {
  await migrate({ url: postgres.url, log: silent });
  const keys = Array.from({ length: 3 }, () => randomBytes(32).toString('hex'));
  const tenants = await fill(createVault({ secretKey: keys[0]! }));
  await measure(tenants, keys);
} finally {
  await db.close();
  await postgres.stop();
  rmSync(dir, { recursive: true, force: true });
}

async function fill(vault: Vault): Promise<string[]> {
  const tenants = Array.from({ length: CREDENTIALS }, () => randomUUID());
  const owner = new Client({ connectionString: postgres.url });
  await owner.connect();
  await owner.query(`insert into tenants (id, name) select id, 'Birch' from unnest($1::uuid[]) id`, [tenants]);
  await owner.query(
    `insert into vendor_credentials (tenant_id, vendor, secret, last4, updated_by)
     select t, 'vapi', s, '1234', 'bench' from unnest($1::uuid[], $2::bytea[]) as f (t, s)`,
    [tenants, tenants.map((id) => vault.seal(`key of ${id}`, placeOf(id, 'vapi')))],
  );
  await owner.query('analyze');
  await owner.end();
  return tenants;
}

async function measure(tenants: string[], [first, second, third]: string[]): Promise<void> {
  const reading = readUntilTold(tenants, createVault({ secretKey: second!, secretKeyPrevious: first }));
  for (let kill = 0; kill < KILLS; kill += 1)
    await killMidway(second!, first!, ((kill + 1) / (KILLS + 2)) * CREDENTIALS);
  await wholeRun(second!, first!);
  const { reads, failed } = await reading.end();
  const left = await leftOf(createVault({ secretKey: second!, secretKeyPrevious: first }));
  const { done, seconds } = await wholeRun(third!, second!);
  const perSecond = Math.round(done / seconds);
  printResult({
    id: 'S09',
    value: `${failed} of ${reads} reads failed, ${left} left, ${perSecond} rows/s`,
    unit: `rotation of ${CREDENTIALS} credentials, killed ${KILLS} times`,
    goal: '0, 0, 5,000/s',
    floor: '0, 0, 500/s',
    pass: failed === 0 && left === 0 && done === CREDENTIALS && perSecond >= 500,
    n: CREDENTIALS,
  });
}

function start(secretKey: string, previous: string): ChildProcess {
  const env = { ...process.env, DATABASE_URL: postgres.url, KEY: secretKey, KEY_PREVIOUS: previous };
  return fork(fileURLToPath(new URL('servers/rotate.ts', import.meta.url)), { env });
}

/** Kills the process as soon as so many are sealed with the new key. */
async function killMidway(secretKey: string, previous: string, sealed: number): Promise<void> {
  const child = start(secretKey, previous);
  const ended = once(child, 'exit');
  const vault = createVault({ secretKey, secretKeyPrevious: previous });
  while (CREDENTIALS - (await leftOf(vault)) < sealed)
    if (child.exitCode !== null) throw new Error('it was done first');
  child.kill('SIGKILL');
  await ended;
}

async function wholeRun(secretKey: string, previous: string): Promise<{ done: number; seconds: number }> {
  const child = start(secretKey, previous);
  const ended = once(child, 'exit');
  await once(child, 'message');
  const startedMs = performance.now();
  const [{ done }] = (await once(child, 'message')) as [{ done: number }];
  const seconds = (performance.now() - startedMs) / 1000;
  await ended;
  return { done, seconds };
}

async function leftOf({ previousPrefix }: Vault): Promise<number> {
  const { rows } = await sql<{ rows: number }>`
    select rows from sealed_by() where key_prefix = ${previousPrefix}`.execute(db.system);
  return Number(rows[0]?.rows ?? 0);
}

function readUntilTold(tenants: string[], vault: Vault) {
  const told = new AbortController();
  const counts = { reads: 0, failed: 0 };
  const running = (async () => {
    while (!told.signal.aborted) {
      const id = tenants[Math.floor(Math.random() * tenants.length)]!;
      const row = await db.asTenant(id, (trx) =>
        trx.selectFrom('vendor_credentials').select('secret').executeTakeFirstOrThrow(),
      );
      counts.reads += 1;
      if (opened(vault, row.secret, id) !== `key of ${id}`) counts.failed += 1;
    }
  })();
  return {
    async end() {
      told.abort();
      await running;
      return counts;
    },
  };
}

function opened(vault: Vault, secret: Buffer, id: string): string | undefined {
  try {
    return vault.open(secret, placeOf(id, 'vapi'));
  } catch {
    return undefined;
  }
}
