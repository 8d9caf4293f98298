/**
 * S16: what the dearest legal form of each operation costs AVA and its database in CPU time, in a tenant that has half of
 * a million calls (`--full`; else of 60,000) and of everything else as much as may gather, beside 100,000 tenants (else
 * 2,000). An export and a proof of the audit trail go through everything, page by page: they are counted by the page.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { Pool } from 'undici';
import { connectDatabase } from '../src/db/connect.ts';
import { startEmbeddedPostgres } from '../src/db/embedded.ts';
import { migrate } from '../src/db/migrate.ts';
import { createInstallationKey } from '../src/features/credentials/installation-keys.ts';
import { createVault } from '../src/features/credentials/vault.ts';
import { startSimulator } from '../src/simulator/simulator.ts';
import { operationsOf, readDocument } from '../test/attacks/api-document.ts';
import { printRow } from './compare.ts';
import { cpuMsOf, cpuOfConnections, sumSince } from './cpu-of.ts';
import { type Form, formsOf, type Known, writes } from './dearest-forms.ts';
import { fillCalls } from './fill-calls.ts';
import { fillDearest, fillTrail } from './fill-dearest.ts';
import { fillTenants } from './fill-tenants.ts';
import { median } from './load.ts';
import { type Measured, startServer } from './process.ts';

const isFull = process.argv.includes('--full');
const CALLS = isFull ? 1_000_000 : 60_000;
const TENANTS = isFull ? 100_000 : 2_000;
const MANY = isFull ? 200_000 : 20_000;
const TIMES = 5;
const EXPORT_PAGE = 500;
const TRAIL_PAGE = 1_000;
const FAR = Math.min(400_000, CALLS / 2 - 1_000);
const silent = { info: () => {}, warn: () => {} };

type Cost = { name: string; ms: number; dbMs: number };
type House = { ava: Measured; pool: Pool; postmaster: number; known: Known };

const dir = mkdtempSync(path.join(tmpdir(), 'ava-bench-dearest-'));
const postgres = await startEmbeddedPostgres({ dataDir: dir, log: silent, isDurable: false });
const simulator = await startSimulator();
const AVA_SECRET_KEY = randomBytes(32).toString('hex');
let ava: Measured | undefined;
try {
  await migrate({ url: postgres.url, log: silent });
  // One process that runs in parallel would have ended before its time is read.
  await ask('alter database ava set max_parallel_workers_per_gather = 0');
  ava = await startServer('ava', { ...simulator.env(), DATABASE_URL: postgres.url, AVA_SECRET_KEY });
  const known = await fill();
  const pool = new Pool(ava.whole, { connections: 1 });
  await measure({ ava, pool, postmaster: postgres.pid()!, known });
  await pool.close();
} finally {
  ava?.stop();
  await simulator.close();
  await postgres.stop();
  rmSync(dir, { recursive: true, force: true });
}

async function ask<Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> {
  const client = new Client({ connectionString: postgres.url });
  await client.connect();
  const { rows } = await client.query<Row>(text, values);
  await client.end();
  return rows;
}

async function fill(): Promise<Known> {
  const startedMs = performance.now();
  const [{ id: tenantId }] = (await ask<{ id: string }>('select id from tenants')) as [{ id: string }];
  const db = connectDatabase({ url: postgres.url, applicationName: 'bench', role: 'ava_app' });
  const key = await createInstallationKey({ db, vault: createVault({ secretKey: AVA_SECRET_KEY }) }, 'audit')();
  await db.close();
  await fillCalls(postgres.url, { tenantId, calls: CALLS });
  const apiKey = simulator.vapi.apiKey;
  await fillTenants({ url: postgres.url, secretKey: AVA_SECRET_KEY, apiKey, count: TENANTS });
  await fillTrail(postgres.url, tenantId, { key, many: MANY });
  const dearest = await fillDearest(postgres.url, tenantId, MANY);
  const [far] = await ask<{ at: Date; id: string }>(
    'select started_at as at, id from calls where tenant_id = $1 order by started_at desc, id desc offset $2 limit 1',
    [tenantId, FAR],
  );
  const farCursor = Buffer.from(`${far!.at.toISOString()} ${far!.id}`).toString('base64url');
  console.log(
    `${CALLS} calls, ${TENANTS} tenants, ${MANY} of the rest: filled in ${Math.round((performance.now() - startedMs) / 1000)} s`,
  );
  return { ...dearest, farCursor, ...(await idsOfVendors()) };
}

async function idsOfVendors(): Promise<{ assistantId: string; sid: string }> {
  const headers = { authorization: `Bearer ${ava!.token}` };
  const read = async (where: string) => (await (await fetch(ava!.whole + where, { headers })).json()) as any;
  const { assistants } = await read('/api/v1/assistants');
  const { numbers } = await read('/api/v1/twilio/numbers');
  return { assistantId: assistants[0].assistant_id, sid: numbers[0].sid };
}

async function measure(house: House): Promise<void> {
  const costs: Cost[] = [];
  for (const form of await formsOfAll(house)) {
    const cost = await costOf(house, form);
    if (cost !== undefined) costs.push(cost);
  }
  costs.push(await pagesOf(house, '/api/v1/calls/export?format=csv', EXPORT_PAGE));
  costs.push(await pagesOf(house, '/api/v1/calls/export?format=ndjson&outcome=voicemail', EXPORT_PAGE));
  costs.push(await pagesOf(house, '/api/v1/ops/audit/verification', TRAIL_PAGE, MANY));
  const dearest = costs.toSorted((a, b) => b.ms - a.ms).slice(0, 12);
  const hardest = costs.toSorted((a, b) => b.dbMs - a.dbMs).slice(0, 12);
  console.log(`dearest to AVA, CPU ms: ${dearest.map(({ name, ms }) => `${name} ${ms.toFixed(1)}`).join('; ')}`);
  console.log(
    `hardest for the database, CPU ms: ${hardest.map(({ name, dbMs }) => `${name} ${dbMs.toFixed(1)}`).join('; ')}`,
  );
  const n = costs.length * TIMES;
  printRow({ id: 'S16', value: dearest[0]!.ms, unit: `ms of AVA's CPU: ${dearest[0]!.name}`, goal: 25, floor: 100, n });
  printRow({
    id: 'S16',
    value: hardest[0]!.dbMs,
    unit: `ms of the database's CPU: ${hardest[0]!.name}`,
    goal: 50,
    floor: 250,
    n,
  });
}

async function formsOfAll({ ava: { whole }, known }: House): Promise<Form[]> {
  const reads = operationsOf(await readDocument(whole)).filter(({ method }) => method === 'GET');
  return [
    ...reads.flatMap(({ path: where }): Form[] => {
      const forms = formsOf(where, known);
      if (typeof forms !== 'string') return forms.map((each) => ({ name: each, method: 'GET', path: each }));
      console.log(`left out: ${where} ${forms}`);
      return [];
    }),
    ...writes(known),
  ];
}

/** The middle of a few; the first is not counted. Undefined where AVA refused, which is said. */
async function costOf(house: House, form: Form): Promise<Cost | undefined> {
  const costs: Cost[] = [];
  for (let time = 0; time <= TIMES; time += 1) {
    const { status, ms, dbMs } = await once(house, form);
    if (status >= 300) {
      console.log(`not counted, answered ${status}: ${form.method} ${form.path}`);
      return undefined;
    }
    if (time > 0) costs.push({ name: form.name, ms, dbMs });
  }
  const middle = {
    name: form.name,
    ms: median(costs.map(({ ms }) => ms)),
    dbMs: median(costs.map(({ dbMs }) => dbMs)),
  };
  if (process.argv.includes('--all')) console.log(`${middle.ms.toFixed(1)} ${middle.dbMs.toFixed(1)} ${form.name}`);
  return middle;
}

async function once(
  { ava, pool, postmaster }: House,
  { method, path: where, body }: Pick<Form, 'method' | 'path' | 'body'>,
) {
  const before = { ms: cpuMsOf(ava.pid), db: cpuOfConnections(postmaster) };
  const answer = await pool.request({
    ...{ method, path: where, body: body === undefined ? null : JSON.stringify(body) },
    headers: {
      authorization: `Bearer ${ava.token}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...{ headersTimeout: 600_000, bodyTimeout: 600_000 },
  });
  let lines = 0;
  for await (const chunk of answer.body as AsyncIterable<Buffer>) for (const byte of chunk) if (byte === 10) lines += 1;
  const dbMs = sumSince(before.db, cpuOfConnections(postmaster));
  return { status: answer.statusCode, ms: cpuMsOf(ava.pid) - before.ms, dbMs, lines };
}

/** What goes through everything: a page's share of it. */
async function pagesOf(house: House, where: string, page: number, rows?: number): Promise<Cost> {
  const { status, ms, dbMs, lines } = await once(house, { method: 'GET', path: where });
  if (status !== 200) throw new Error(`${where} answered ${status}`);
  const pages = Math.ceil((rows ?? lines) / page);
  console.log(
    `${where}: ${pages} pages, ${Math.round(ms)} ms of AVA's CPU and ${Math.round(dbMs)} ms of the database's in all`,
  );
  return { name: `a page of ${where}`, ms: ms / pages, dbMs: dbMs / pages };
}
