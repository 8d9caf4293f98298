/**
 * Measures several servers in turn, round by round, so that a machine that speeds up or slows down does so for all. None is
 * measured before each has answered as many requests of its kind as the others: a server costs two to five times as much
 * at first, until the JIT has compiled what it runs.
 */
import { drive, type Load, median, quantile } from './load.ts';
import type { Measured } from './process.ts';

export type Contender = {
  name: string;
  server: Measured;
  load: Omit<Load, 'count' | 'connections' | 'url'> & { url?: string };
};
export type Figures = { cpuUs: number; p50Ms: number; p99Ms: number; wrong: number };

const WARM_UP = 12_000;
const answered = new WeakMap<Measured, Map<string, number>>();

export async function compare(
  contenders: Contender[],
  shape: { rounds: number; count: number; connections: number },
): Promise<Record<string, Figures>> {
  const { rounds, count, connections } = shape;
  const rows = new Map<string, Figures[]>(contenders.map(({ name }) => [name, []]));
  for (const contender of contenders) await warmUp(contender, connections);
  for (let round = 0; round < rounds; round += 1) {
    // To and fro: what one leaves behind in the machine's caches does not always meet the same one.
    const inTurn = round % 2 === 0 ? contenders : contenders.toReversed();
    for (const contender of inTurn) rows.get(contender.name)!.push(await run(contender, count, connections));
  }
  return Object.fromEntries([...rows].map(([name, figures]) => [name, middle(figures)]));
}

/** What an earlier comparison has asked already counts too. */
async function warmUp(contender: Contender, connections: number): Promise<void> {
  const { path, expect } = contender.load;
  const lacking = WARM_UP - (answered.get(contender.server)?.get(`${path} ${expect}`) ?? 0);
  if (lacking > 0) await run(contender, lacking, connections);
}

async function run({ server, load }: Contender, count: number, connections: number): Promise<Figures> {
  const before = server.cpuUs();
  const { latenciesMs, wrong } = await drive({ url: server.url, ...load, count, connections });
  note(server, `${load.path} ${load.expect}`, count);
  return {
    cpuUs: (server.cpuUs() - before) / count,
    p50Ms: quantile(latenciesMs, 0.5),
    p99Ms: quantile(latenciesMs, 0.99),
    wrong,
  };
}

function note(server: Measured, kind: string, count: number): void {
  const counts = answered.get(server) ?? new Map<string, number>();
  answered.set(server, counts.set(kind, (counts.get(kind) ?? 0) + count));
}

function middle(figures: Figures[]): Figures {
  return {
    cpuUs: median(figures.map((figure) => figure.cpuUs)),
    p50Ms: median(figures.map((figure) => figure.p50Ms)),
    p99Ms: median(figures.map((figure) => figure.p99Ms)),
    wrong: figures.reduce((total, figure) => total + figure.wrong, 0),
  };
}

export type Row = { id: string; value: number; unit: string; goal: number; floor: number; n: number };

/** Prints one RESULT line; smaller is better. */
export function printRow({ id, value, unit, goal, floor, n }: Row): void {
  const rounded = Math.round(value * 1000) / 1000;
  console.log(
    `RESULT ${JSON.stringify({ id, value: rounded, unit, goal: `<= ${goal}`, floor: `<= ${floor}`, pass: value <= floor, n, seed: null })}`,
  );
}
