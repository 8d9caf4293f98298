/**
 * P13: from one to 16,000 clients at once, each asking again as soon as it is answered, over connections from several addresses
 * that are all open before anybody asks. What is answered a second, how many are not, and what a connection takes of memory.
 */
import { loadavg } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { printResult } from '../test/harness/result.ts';
import { buildHouse } from './house.ts';
import { quantile } from './load.ts';
import { startServer } from './process.ts';
import type { CrowdReport } from './servers/crowd.ts';

const isFull = process.argv.includes('--full');
const STEPS = [1, 32, 256, 1_000, 4_000, 16_000];
const FOR_MS = isFull ? 20_000 : 4_000;
/** The largest crowd gets one answer each at the least. */
const LARGEST_FOR_MS = isFull ? 40_000 : 15_000;
const PATIENCE_MS = 30_000;

const house = await buildHouse({ hasRedis: false });
const crowd = await startServer('crowd');
try {
  await measure();
} finally {
  crowd.stop();
  await house.tearDown();
}

async function measure(): Promise<void> {
  await ask(256, 3_000);
  const before = house.servers[0]!.rssMb();
  const steps: Step[] = [];
  for (const connections of STEPS)
    steps.push(await ask(connections, connections === STEPS.at(-1) ? LARGEST_FOR_MS : FOR_MS));
  report(steps, before);
}

type Step = { connections: number; perSecond: number; wrong: number; n: number; rssMb: number };

async function ask(connections: number, forMs: number): Promise<Step> {
  const server = house.servers[0]!;
  const request = `GET /api/v1/vapi/settings HTTP/1.1\r\nHost: ${new URL(server.url).host}\r\nAuthorization: Bearer ${server.token}\r\n\r\n`;
  let rssMb = 0;
  const looking = setInterval(() => (rssMb = Math.max(rssMb, server.rssMb())), 200);
  const cpu = server.cpuUs();
  const order = {
    port: Number(new URL(server.url).port),
    connections,
    requests: [request],
    forMs,
    patienceMs: PATIENCE_MS,
  };
  const said = (await crowd.tell(order)) as CrowdReport;
  clearInterval(looking);
  const answered = said.statuses['200'] ?? 0;
  const n = Object.values(said.statuses).reduce((total, count) => total + count, 0);
  const wrong = n - answered + (connections - said.connected);
  const perSecond = answered / said.seconds;
  console.log(
    `${connections} clients, ${said.connected} connected: ${Math.round(perSecond)}/s, p50 ${quantile(said.timesMs, 0.5).toFixed(1)} p99 ${quantile(said.timesMs, 0.99).toFixed(1)} ms, ${JSON.stringify(said.statuses)}; RSS ${Math.round(rssMb)} MB; AVA's CPU ${Math.round((server.cpuUs() - cpu) / n)} µs a request; load ${loadavg()[0]!.toFixed(1)}`,
  );
  await wait(1_000);
  return { connections, perSecond, wrong, n, rssMb };
}

function report(steps: Step[], before: number): void {
  const largest = steps.at(-1)!;
  const share = largest.perSecond / Math.max(...steps.map(({ perSecond }) => perSecond));
  const wrong = (100 * largest.wrong) / largest.n;
  const kib = ((largest.rssMb - before) * 1024) / largest.connections;
  printResult({
    id: 'P13',
    value: `${share.toFixed(2)}; ${wrong.toFixed(2)}; ${kib.toFixed(1)}`,
    unit: `answers a second with ${largest.connections} clients ÷ the best; % not answered; KiB of RSS a connection`,
    goal: '0.8; 0; 12',
    floor: '0.4; 0.1; 40',
    pass: share >= 0.4 && wrong <= 0.1 && kib <= 40,
    n: largest.n,
  });
}
