/**
 * P14: more than AVA can do. Its bound, with 64 clients; then twice as many requests a second, whoever is answered or not; then
 * 4,000 clients who ask again as soon as they are answered. Beside each, Vapi's news and ringing calls as in a quiet hour.
 */
import { loadavg } from 'node:os';
import { printResult } from '../test/harness/result.ts';
import { buildHouse, type House } from './house.ts';
import { median, quantile } from './load.ts';
import { type Measured, startServer } from './process.ts';
import type { CrowdOrder, CrowdReport } from './servers/crowd.ts';
import type { Answered, VendorsReport } from './servers/vendors.ts';

const isFull = process.argv.includes('--full');
const [ROUNDS, FOR_MS] = isFull ? [3, 12_000] : [1, 6_000];
const [FEW, MANY, MOST] = [64, 4_000, 12_000];
const PATIENCE_MS = 15_000;
const CRITICAL_PER_SECOND = 25;
const FACTOR = 2;
/** So long a crowd may take to connect. */
const OPENING_MS = 8_000;
/** Longer than a call takes, so that none is counted whose answer met the crowd's leaving. */
const LEAVING_MS = 1_000;

const house = await buildHouse({ hasRedis: false, vapiConcurrency: 1_000_000 });
const crowd = await startServer('crowd');
const vendors = await startServer('vendors', { HOUSE: JSON.stringify(houseOf(house)) });
try {
  await measure();
} finally {
  crowd.stop();
  vendors.stop();
  await house.tearDown();
}

async function measure(): Promise<void> {
  await beside({ connections: FEW, forMs: 2_000 });
  const rounds: Round[] = [];
  while (rounds.length < ROUNDS) rounds.push(await oneRound());
  report(rounds);
}

type Round = { idle: VendorsReport; bound: Beside; open: Beside; closed: Beside };

/** All in turn, so that a machine that is busy with other things is so for each. */
async function oneRound(): Promise<Round> {
  const idle = (await vendors.tell({ forMs: FOR_MS, perSecond: CRITICAL_PER_SECOND })) as VendorsReport;
  const bound = await beside({ connections: FEW }, `${FEW} clients`);
  const open = await beside({ connections: MOST, perSecond: FACTOR * goodput(bound.crowd) }, 'twice as much');
  const closed = await beside({ connections: MANY }, `${MANY} clients`);
  return { idle, bound, open, closed };
}

type Beside = { crowd: CrowdReport; vendors: VendorsReport };

async function beside(order: Partial<CrowdOrder> & { connections: number }, name?: string): Promise<Beside> {
  const { url, token } = house.servers[0]!;
  const requests = requestsOf(url, token);
  const whole = { port: Number(new URL(url).port), requests, forMs: FOR_MS, patienceMs: PATIENCE_MS, ...order };
  const cpu = house.servers[0]!.cpuUs();
  const [crowded, all] = await Promise.all([
    crowd.tell(whole) as Promise<CrowdReport>,
    vendors.tell({ forMs: OPENING_MS + whole.forMs, perSecond: CRITICAL_PER_SECOND }) as Promise<VendorsReport>,
  ]);
  const served = whileAsked(all, crowded);
  if (name !== undefined) say(name, { crowd: crowded, vendors: served }, house.servers[0]!, cpu);
  return { crowd: crowded, vendors: served };
}

/** What came while the whole crowd was asking: to connect takes it seconds, in which AVA has little to do; and it leaves at once. */
function whileAsked(all: VendorsReport, { fromMs, seconds }: CrowdReport): VendorsReport {
  const untilMs = fromMs + seconds * 1_000 - LEAVING_MS;
  const within = (kind: Answered[]) => kind.filter(({ atMs }) => atMs >= fromMs && atMs < untilMs);
  return { webhook: within(all.webhook), ring: within(all.ring) };
}

function say(name: string, { crowd, vendors }: Beside, server: Measured, cpu: number): void {
  const ms = (times: number[], q: number) => Math.round(quantile(times, q));
  const wrong = (kind: 'webhook' | 'ring') => vendors[kind].flatMap((one) => one.wrong ?? []);
  const critical = (['webhook', 'ring'] as const).map(
    (kind) =>
      `${kind} p50 ${ms(timesOf(vendors[kind]), 0.5)} p99 ${ms(timesOf(vendors[kind]), 0.99)} ms, ${wrong(kind).length} wrong of ${vendors[kind].length}`,
  );
  console.log(
    `${name}: ${Math.round(goodput(crowd))}/s of ${JSON.stringify(crowd.statuses)} over ${crowd.seconds.toFixed(1)} s; p50 ${ms(crowd.timesMs, 0.5)} p99 ${ms(crowd.timesMs, 0.99)} ms, refused p50 ${ms(crowd.refusedMs, 0.5)} ms; ${critical.join('; ')}; AVA's CPU ${((server.cpuUs() - cpu) / 1e6).toFixed(1)} s, RSS ${Math.round(server.rssMb())} MB; load ${loadavg()[0]!.toFixed(1)}`,
  );
  for (const one of [...wrong('webhook'), ...wrong('ring')].slice(0, 3)) console.log(`  ${one}`);
}

function timesOf(kind: Answered[]): number[] {
  return kind.map(({ tookMs }) => tookMs);
}

function goodput({ statuses, seconds }: CrowdReport): number {
  return (statuses['200'] ?? 0) / seconds;
}

/** Of five reads, four of settings and one of calls. */
function requestsOf(url: string, token: string): string[] {
  const get = (where: string) =>
    `GET /api/v1${where} HTTP/1.1\r\nHost: ${new URL(url).host}\r\nAuthorization: Bearer ${token}\r\n\r\n`;
  return [...Array.from({ length: 4 }, () => get('/vapi/settings')), get('/calls')];
}

function houseOf({ servers, simulator }: House) {
  const { url, whole } = servers[0]!;
  const { authToken, accountSid, numbers } = simulator.twilio;
  return { url, secret: whole, authToken, accountSid, number: numbers[0]! };
}

function report(rounds: Round[]): void {
  const kinds = ['webhook', 'ring'] as const;
  const share = (pick: (round: Round) => Beside) =>
    median(rounds.map((round) => goodput(pick(round).crowd) / goodput(round.bound.crowd)));
  const [atTwice, atMany] = [share(({ open }) => open), share(({ closed }) => closed)];
  const p99 = (reports: VendorsReport[], kind: 'webhook' | 'ring') =>
    median(reports.map((one) => quantile(timesOf(one[kind]), 0.99)));
  const idle = rounds.map((round) => round.idle);
  const loads = [rounds.map(({ open }) => open.vendors), rounds.map(({ closed }) => closed.vendors)];
  const slower = Math.max(...loads.flatMap((load) => kinds.map((kind) => p99(load, kind) / p99(idle, kind))));
  const asked = loads.flat().flatMap((one) => kinds.flatMap((kind) => one[kind]));
  const n = asked.length;
  const served = (100 * asked.filter(({ wrong }) => wrong === undefined).length) / n;
  console.log(`idle p99: ${kinds.map((kind) => `${kind} ${p99(idle, kind).toFixed(0)} ms`).join(', ')}`);
  printResult({
    id: 'P14',
    value: `${atTwice.toFixed(2)}; ${atMany.toFixed(2)}; ${served.toFixed(2)}; ${slower.toFixed(1)}`,
    unit: 'goodput at twice the bound ÷ bound; with 4,000 clients ÷ bound; % of calls and webhooks served; their p99 ÷ idle, the worst',
    goal: '0.9; 0.8; 100; 3',
    floor: '0.6; 0.4; 99.9; 10',
    pass: atTwice >= 0.6 && atMany >= 0.4 && served >= 99.9 && slower <= 10,
    n,
  });
}
