/** CPU time by the nanosecond, as Linux counts it for each thread: of AVA, and of the connections of its database. */
import { readdirSync, readFileSync } from 'node:fs';

/** User and system, of all threads that the process has now. */
export function cpuMsOf(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  return threads.reduce((sum, thread) => sum + readMs(`/proc/${pid}/task/${thread}/schedstat`), 0);
}

/** Of every process that serves a connection of this PostgreSQL; not of what it does by itself. */
export function cpuOfConnections(postmaster: number): Map<number, number> {
  const serving = childrenOf(postmaster).filter((pid) =>
    /^postgres: .* 127\.0\.0\.1\(\d+\)/.test(read(`/proc/${pid}/cmdline`)),
  );
  return new Map(serving.map((pid) => [pid, readMs(`/proc/${pid}/schedstat`)]));
}

export function sumSince(before: Map<number, number>, after: Map<number, number>): number {
  let sum = 0;
  for (const [pid, ms] of after) sum += ms - (before.get(pid) ?? 0);
  return sum;
}

function childrenOf(pid: number): number[] {
  return read(`/proc/${pid}/task/${pid}/children`).trim().split(' ').map(Number);
}

function readMs(file: string): number {
  return Number(read(file).split(' ')[0]) / 1e6;
}

/** A process or thread may have ended since it was listed. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
