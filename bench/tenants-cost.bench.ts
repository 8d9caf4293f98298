/**
 * What an operation costs with 10 tenants and with 100,000 (`--full`; else 5,000): the same AVA on two databases, asked in
 * turn for the same tenant, or with webhooks of ten. Flat means that nothing on the way looks at everybody. What the first
 * webhook of a tenant costs after a silence, for whom the database is asked once more, is told beside it.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { Pool } from 'undici';
import { startEmbeddedPostgres } from '../src/db/embedded.ts';
import { migrate } from '../src/db/migrate.ts';
import { startSimulator } from '../src/simulator/simulator.ts';
import { printRow } from './compare.ts';
import { fillTenants } from './fill-tenants.ts';
import { median } from './load.ts';
import { type Measured, startServer } from './process.ts';

const isFull = process.argv.includes('--full');
const [FEW, MANY] = [10, isFull ? 100_000 : 5_000];
const shape = isFull ? { rounds: 30, count: 100 } : { rounds: 12, count: 40 };
const silent = { info: () => {}, warn: () => {} };
let sent = 0;

type House = { server: Measured; pool: Pool; tenants: string[] };
type Operation = (house: House) => { method: 'GET' | 'POST'; path: string; headers: object; body?: string };

const OPERATIONS: Record<string, Operation> = {
  'settings, from the cache': (house) => get(house, '/api/v1/vapi/settings'),
  'a page of calls': (house) => get(house, '/api/v1/calls'),
  'who am I': (house) => get(house, '/api/v1/auth/me'),
  'a webhook of one of ten tenants': ({ tenants }) => webhookOf(tenants[sent % FEW]!),
};
const AFTER_SILENCE: Operation = ({ tenants }) => webhookOf(tenants[FEW + (sent % (tenants.length - FEW))]!);

const dir = mkdtempSync(path.join(tmpdir(), 'ava-bench-tenants-'));
const postgres = await startEmbeddedPostgres({ dataDir: dir, log: silent, isDurable: false });
const simulator = await startSimulator();
const houses: House[] = [];
try {
  for (const count of [FEW, MANY]) houses.push(await build(count));
  await measure(houses as [House, House]);
} finally {
  for (const { server, pool } of houses) {
    await pool.close();
    server.stop();
  }
  await simulator.close();
  await postgres.stop();
  rmSync(dir, { recursive: true, force: true });
}

async function build(count: number): Promise<House> {
  const url = new URL(postgres.url);
  const client = new Client({ connectionString: postgres.url });
  await client.connect();
  await client.query(`create database tenants_${count}`);
  await client.end();
  url.pathname = `/tenants_${count}`;
  await migrate({ url: url.href, log: silent });
  const secretKey = randomBytes(32).toString('hex');
  const env = { ...simulator.env(), DATABASE_URL: url.href, AVA_SECRET_KEY: secretKey };
  // The tenant that asks is the first one; the others are there when AVA reads who there is.
  const first = await startServer('ava', env);
  first.stop();
  const tenants = await fillTenants({ url: url.href, secretKey, apiKey: simulator.vapi.apiKey, count });
  const startedMs = performance.now();
  const server = await startServer('ava', { ...env, EMAIL: 'second@example.test' });
  console.log(
    `${count} tenants: starts in ${Math.round(performance.now() - startedMs)} ms, ${Math.round(server.rssMb())} MB`,
  );
  return { server, pool: new Pool(server.whole, { connections: 1 }), tenants };
}

async function measure([few, many]: [House, House]): Promise<void> {
  const worst = { name: '', ratio: 0 };
  for (const [name, operation] of Object.entries(OPERATIONS)) {
    const times = new Map<House, number[]>([few, many].map((house) => [house, []]));
    const cpu = new Map<House, number[]>([few, many].map((house) => [house, []]));
    for (let round = -1; round < shape.rounds; round += 1) {
      for (const house of round % 2 === 0 ? [few, many] : [many, few]) {
        const before = house.server.cpuUs();
        const ms = await ask(house, operation);
        if (round < 0) continue;
        times.get(house)!.push(...ms);
        cpu.get(house)!.push((house.server.cpuUs() - before) / shape.count);
      }
    }
    const [fewMs, manyMs] = [median(times.get(few)!), median(times.get(many)!)];
    const [fewUs, manyUs] = [median(cpu.get(few)!), median(cpu.get(many)!)];
    console.log(
      `${name}: p50 ${fewMs.toFixed(2)} ms with ${FEW} tenants, ${manyMs.toFixed(2)} ms with ${MANY}; CPU of AVA ${Math.round(fewUs)} and ${Math.round(manyUs)} µs`,
    );
    if (manyMs / fewMs > worst.ratio) Object.assign(worst, { name, ratio: manyMs / fewMs });
  }
  console.log(
    `the first webhook of a tenant after a silence, with ${MANY}: p50 ${median(await ask(many, AFTER_SILENCE)).toFixed(2)} ms`,
  );
  printRow({
    ...{ id: 'scale', value: worst.ratio, unit: `p50 with ${MANY} tenants ÷ with ${FEW}, the worst: ${worst.name}` },
    ...{ goal: 1.1, floor: 1.5, n: shape.rounds * shape.count },
  });
}

async function ask(house: House, operation: Operation): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < shape.count; i += 1) {
    const wanted = operation(house);
    const startedMs = performance.now();
    const answer = await house.pool.request(wanted as never);
    await answer.body.dump();
    times.push(performance.now() - startedMs);
    if (answer.statusCode >= 300) throw new Error(`${wanted.path} answered ${answer.statusCode}`);
  }
  return times;
}

function get({ server }: House, where: string) {
  return { method: 'GET' as const, path: where, headers: { authorization: `Bearer ${server.token}` } };
}

/** Its secret is the tenant's id. */
function webhookOf(tenant: string) {
  const id = `00000000-0000-4000-8000-${String(sent++).padStart(12, '0')}`;
  const message = { type: 'status-update', status: 'in-progress', timestamp: Date.now(), call: { id } };
  return {
    method: 'POST' as const,
    path: '/webhooks/vapi',
    headers: { 'content-type': 'application/json', 'x-vapi-secret': tenant },
    body: JSON.stringify({ message }),
  };
}
