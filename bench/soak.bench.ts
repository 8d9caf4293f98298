/**
 * R36: does anything grow? A replica with PostgreSQL and Redis under mixed load, with one fault every 60 s (`--full`: 48
 * minutes, of which the last 24 are measured; else every 15 s for two and a half, which shows that it runs and is not
 * judged). Each quarter of what is measured has the same faults. Memory is looked at from outside; what the heap holds after
 * a collection is told beside it.
 */
import { readdirSync } from 'node:fs';
import { loadavg } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { printResult, seededRandom, testSeed } from '../test/harness/result.ts';
import { buildHouse, type House } from './house.ts';
import { quantile } from './load.ts';
import { startServer } from './process.ts';
import { type Sample, slopePerHour } from './slope.ts';
import { type Answered, startSoakLoad } from './soak-load.ts';

const isFull = process.argv.includes('--full');
const [PER_SECOND, EVERY_MS, FAULT_MS] = isFull ? [30, 60_000, 10_000] : [20, 15_000, 4_000];
/**
 * All kinds come before anything is measured, and then once in each quarter. By then V8 must have compiled what is called
 * often, and have met the largest heap that this load needs: while what is alive stands still, that takes some 40,000 requests.
 */
const [WARM_UP, MEASURED] = isFull ? [24, 24] : [2, 8];
const QUARTERS = 4;
const LOOK_EVERY_MS = 2_000;
const seed = testSeed();

type Memory = { rss: number; heapUsed: number; external: number; handles: Record<string, number> };
type Trouble = { name: string; begin(house: House): unknown; end?(house: House): unknown };

const ofVapi = (name: string, kind: 'hang' | 'status' | 'refused'): Trouble => ({
  name: `Vapi: ${name}`,
  begin: ({ simulator }) => simulator.control.addFault({ vendor: 'vapi', kind, status: 500 }),
  end: ({ simulator }) => simulator.control.clearFaults('vapi'),
});

const TROUBLES: Trouble[] = [
  ofVapi('hangs', 'hang'),
  { name: 'Redis killed', begin: (house) => house.redis().kill(), end: (house) => house.restartRedis() },
  { name: 'PostgreSQL restarted', begin: ({ postgres }) => process.kill(postgres.pid()!, 'SIGINT') },
  ofVapi('answers 500', 'status'),
  { name: 'Redis frozen', begin: (house) => house.redis().pause(), end: (house) => house.redis().resume() },
  ofVapi('refuses connections', 'refused'),
];

const house = await buildHouse({ hasRedis: true, vapiConcurrency: 100_000, timeScale: 50 });
const idle = await startServer('hello-jwt');
try {
  await soak(house, house.servers[0]!.pid);
} finally {
  idle.stop();
  await house.tearDown();
}

async function soak(house: House, pid: number): Promise<void> {
  const server = house.servers[0]!;
  const load = startSoakLoad(house, idle, { perSecond: PER_SECOND, random: seededRandom(seed) });
  const rss: Sample[] = [];
  const handles: Sample[] = [];
  const heaps: Sample[] = [];
  const quiet: Answered[] = [];
  const looking = setInterval(() => rss.push({ atMs: performance.now(), value: server.rssMb() }), LOOK_EVERY_MS);
  const edges: number[] = [];
  for (let turn = 0; turn < WARM_UP + MEASURED; turn += 1) {
    const measured = turn - WARM_UP;
    if (measured >= 0 && measured % (MEASURED / QUARTERS) === 0) edges.push(performance.now());
    await oneTurn(turn);
  }
  edges.push(performance.now());
  clearInterval(looking);
  await load.stop();
  report({ rss: rss.filter(({ atMs }) => atMs >= edges[0]!), handles: handles.slice(WARM_UP), heaps, edges });

  async function oneTurn(turn: number): Promise<void> {
    const trouble = TROUBLES[turn % TROUBLES.length]!;
    const startedMs = performance.now();
    const first = load.answered.length;
    await wait(EVERY_MS - FAULT_MS - EVERY_MS / 3);
    quiet.push(...load.answered.slice(first));
    const isEdge = (turn - WARM_UP + 1) % (MEASURED / QUARTERS) === 0;
    const memory = await load.rest(async () => (await server.tell(isEdge ? 'collect' : 'look')) as Memory);
    const atMs = performance.now();
    handles.push({ atMs, value: Object.values(memory.handles).reduce((total, count) => total + count, 0) });
    if (isEdge) heaps.push({ atMs, value: memory.heapUsed / 2 ** 20 });
    console.log(
      `${Math.round(atMs / 1000)} s: ${trouble.name}; RSS ${Math.round(memory.rss / 2 ** 20)} MB, heap ${Math.round(memory.heapUsed / 2 ** 20)} MB${isEdge ? ' after a collection' : ''}, outside it ${Math.round(memory.external / 2 ** 20)} MB, handles ${JSON.stringify(memory.handles)}, ${readdirSync(`/proc/${pid}/fd`).length} files; load ${loadavg()[0]!.toFixed(1)}`,
    );
    await trouble.begin(house);
    await wait(FAULT_MS);
    await trouble.end?.(house);
    await wait(Math.max(0, EVERY_MS - (performance.now() - startedMs)));
  }

  function report(found: { rss: Sample[]; handles: Sample[]; heaps: Sample[]; edges: number[] }): void {
    const p99In = (answers: Answered[], quarter: number) =>
      quantile(
        answers
          .filter(({ atMs }) => atMs >= found.edges[quarter]! && atMs < found.edges[quarter + 1]!)
          .map(({ ms }) => ms),
        0.99,
      );
    const ratio = p99In(load.answered, QUARTERS - 1) / p99In(load.answered, 0);
    const calm = p99In(quiet, QUARTERS - 1) / p99In(quiet, 0);
    const machine = p99In(load.empty, QUARTERS - 1) / p99In(load.empty, 0);
    const [slope, more] = [slopePerHour(found.rss), slopePerHour(found.handles)];
    const statuses = Object.entries(Object.groupBy(load.answered, ({ status }) => status));
    console.log(
      `${load.calls.made} telephone calls, ${load.calls.heardError} heard an error; answers: ${statuses.map(([status, all]) => `${all!.length} × ${status}`).join(', ')}; heap after a collection ${slopePerHour(found.heaps).toFixed(1)} MB/h; p99 last ÷ first quarter without the faults ${calm.toFixed(2)}, of a server that does nothing ${machine.toFixed(2)}`,
    );
    const unexpected = load.answered.filter(({ status }) => status === 500).length + load.calls.heardError;
    const holds = slope <= 10 && Math.round(more) <= 0 && ratio <= 1.3 * Math.max(1, machine);
    printResult({
      id: 'R36',
      value: `${slope.toFixed(1)}; ${more.toFixed(1)}; ${ratio.toFixed(2)}`,
      unit: `MB/h of RSS after warm-up; handles an hour; p99 last ÷ first quarter, with a server that does nothing at ${machine.toFixed(2)}, over ${isFull ? '24 minutes' : 'minutes, which say little: not judged'}`,
      goal: '1; 0; 1.1',
      floor: '10; 0; 1.3',
      pass: unexpected === 0 && (holds || !isFull),
      n: load.answered.length,
      seed,
    });
  }
}
