/** PostgreSQL is killed, frozen, full of others and restarted under webhooks: AVA says so, stays up, loses nothing, and comes back (R21). */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync } from 'node:fs';
import path from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, inject, onTestFinished, test } from 'vitest';
import { connectDatabase, type Database } from '../../src/db/connect.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/db/embedded.ts';
import { migrate } from '../../src/db/migrate.ts';
import { createVault } from '../../src/features/credentials/vault.ts';
import { placeOfWebhookSecret } from '../../src/features/credentials/webhook-secrets.ts';
import { keepBusy } from '../fleet/fleet.ts';
import { type AvaUnderTest, startAva } from '../harness/ava.ts';
import { printResult } from '../harness/result.ts';
import { makeCaller } from '../harness/tenant.ts';
import { until } from '../harness/until.ts';

const SECRET_KEY = randomBytes(32).toString('hex');
const LIMIT_MS = 120_000;
const silent = { info: () => {}, warn: () => {} };

let postgres: EmbeddedPostgres;
let database: Database;
let ava: AvaUnderTest;
let secret: string;

beforeAll(async () => {
  const dataDir = mkdtempSync(path.join(inject('testRunDir'), 'database-trouble-'));
  chmodSync(dataDir, 0o755);
  // Commits reach the disk here: the database is killed.
  postgres = await startEmbeddedPostgres({ dataDir, log: silent });
  await migrate({ url: postgres.url, log: silent });
  database = connectDatabase({ url: postgres.url, applicationName: 'trouble', role: 'ava_app', maxConnections: 4 });
  const { tenantId } = await makeCaller(database);
  secret = await giveSecret(tenantId);
  ava = await startAva({ databaseUrl: postgres.url, env: { AVA_SECRET_KEY: SECRET_KEY } });
}, 300_000);

afterAll(async () => {
  await ava?.stop();
  await database?.close();
  await postgres?.stop();
});

/** Since when there is trouble, and what ends it; where it ends by itself, what waits for that. */
type Trouble = { sinceMs: number; end(): unknown };

const TROUBLES: [name: string, begin: () => Promise<Trouble>][] = [
  ['killed', () => endServer('SIGKILL')],
  ['frozen', freeze],
  ['full of others', fillUp],
  ['restarted', () => endServer('SIGINT')],
];

test('webhooks hear 503 and when to come again, none that was taken is lost, and readiness follows', async () => {
  const kept: string[] = [];
  const wrong: string[] = [];
  let refused = 0;
  const stop = keepBusy(6, 25, async () => {
    const id = randomUUID();
    const said = await sendWebhook(id);
    if (said === 'taken') kept.push(id);
    else if (said === 'refused') refused += 1;
    else wrong.push(said);
  });
  onTestFinished(stop);
  for (const [name, begin] of TROUBLES) {
    const { sinceMs, end } = await begin();
    const awayMs = performance.now() - sinceMs;
    await end();
    const endedMs = performance.now();
    await until(`readiness is back (${name})`, isReady, LIMIT_MS);
    printTimes(name, awayMs, performance.now() - endedMs);
    const before = kept.length;
    await until(`webhooks are taken again (${name})`, () => kept.length > before, LIMIT_MS);
  }
  await stop();
  const found = await idsInLedger();
  const lost = kept.filter((id) => !found.has(id)).length;
  const exits = ava.process.exitCode === null && ava.process.signalCode === null ? 0 : 1;
  printResult({
    id: 'R21',
    value: `${exits}; ${lost}; ${wrong.length}`,
    unit: `exits; taken and lost; answers other than 503 with Retry-After (${refused} of those)`,
    goal: '0; 0; 0',
    floor: '0; 0; 0',
    pass: exits + lost + wrong.length === 0,
    n: kept.length + refused,
  });
  expect({ exits, lost, wrong: wrong.slice(0, 3) }).toEqual({ exits: 0, lost: 0, wrong: [] });
  expect(refused).toBeGreaterThan(0);
}, 600_000);

function printTimes(name: string, awayMs: number, backMs: number): void {
  const [awayS, backS] = [awayMs, backMs].map((ms) => Number((ms / 1000).toFixed(2)));
  printResult({
    id: 'R21',
    value: `${awayS}; ${backS}`,
    unit: `s until /readyz says no (or PostgreSQL is back), then until it says yes; PostgreSQL ${name}`,
    goal: '2; 2',
    floor: '5; 10',
    pass: awayS! <= 5 && backS! <= 10,
    n: 1,
  });
}

async function isReady(): Promise<boolean> {
  return (await fetch(`${ava.url}/readyz`)).ok;
}

const untilNotReady = () => until('readiness says no', async () => !(await isReady()), LIMIT_MS);

async function sendWebhook(vapiCallId: string): Promise<string> {
  const call = { id: vapiCallId, type: 'inboundPhoneCall' };
  const body = JSON.stringify({ message: { type: 'status-update', status: 'in-progress', timestamp: 1, call } });
  const headers = { 'content-type': 'application/json', 'x-vapi-secret': secret };
  try {
    const answer = await fetch(`${ava.url}/webhooks/vapi`, { method: 'POST', headers, body });
    const text = await answer.text();
    if (answer.ok) return 'taken';
    return answer.status === 503 && answer.headers.has('retry-after') ? 'refused' : `${answer.status} ${text}`;
  } catch (error) {
    return String((error as Error).cause ?? error);
  }
}

/** Ends PostgreSQL; whoever holds it starts it again. */
async function endServer(signal: NodeJS.Signals): Promise<Trouble> {
  const before = await serverPid();
  process.kill(before, signal);
  const sinceMs = performance.now();
  const isAnother = () => ![undefined, before].includes(postgres.pid());
  return { sinceMs, end: () => until('another PostgreSQL runs', isAnother, LIMIT_MS) };
}

async function serverPid(): Promise<number> {
  return await until('the database runs', () => postgres.pid(), LIMIT_MS);
}

async function freeze(): Promise<Trouble> {
  const owner = await connect();
  const { rows } = await owner.query<{ pid: number }>(
    `select pid from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`,
  );
  await owner.end();
  const processes = [await serverPid(), ...rows.map(({ pid }) => pid)];
  const tell = (signal: NodeJS.Signals) => {
    for (const pid of processes) {
      try {
        process.kill(pid, signal);
      } catch {
        // This connection has been closed meanwhile.
      }
    }
  };
  tell('SIGSTOP');
  const sinceMs = performance.now();
  await untilNotReady();
  return { sinceMs, end: () => tell('SIGCONT') };
}

/** Others take every place that AVA's connections leave, until it has none for its readiness. */
async function fillUp(): Promise<Trouble> {
  let sinceMs = 0;
  const others: Client[] = [await connect()];
  const [first] = others;
  await until(
    'AVA has no connection left',
    async () => {
      await first!.query(`select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'ava%'`);
      for (let free = true; free;)
        free = await connect().then(
          (one) => others.push(one) > 0,
          () => false,
        );
      sinceMs = performance.now();
      return !(await isReady());
    },
    LIMIT_MS,
  );
  return { sinceMs, end: () => Promise.all(others.map((one) => one.end())) };
}

async function connect(): Promise<Client> {
  const client = new Client({ connectionString: postgres.url, application_name: 'others' });
  client.on('error', () => {});
  await client.connect();
  return client;
}

async function idsInLedger(): Promise<Set<string>> {
  const owner = await connect();
  const { rows } = await owner.query<{ id: string }>(
    `select vapi_call_id as id from webhook_events where vendor = 'vapi'`,
  );
  await owner.end();
  return new Set(rows.map(({ id }) => id));
}

async function giveSecret(tenantId: string): Promise<string> {
  const token = randomBytes(32).toString('base64url');
  const id = randomUUID();
  const place = placeOfWebhookSecret(tenantId, id);
  const secretOf = createVault({ secretKey: SECRET_KEY }).seal(token, place);
  const fingerprint = createHash('sha256').update(token).digest();
  const row = { id, tenant_id: tenantId, vendor: 'vapi' as const, secret: secretOf, fingerprint };
  await database.asTenant(tenantId, (trx) =>
    trx
      .insertInto('webhook_secrets')
      .values({ ...row, created_at: new Date(), expires_at: null })
      .execute(),
  );
  return token;
}
