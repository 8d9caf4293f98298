/** Servers under measurement: each a process of its own, so that its CPU time is its own. */
import { type ChildProcess, fork } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export type Measured = {
  url: string;
  token: string;
  whole: string;
  pid: number;
  /** CPU time so far, user and system, in microseconds. */
  cpuUs(): number;
  rssMb(): number;
  /** Resolves to what the server answers. */
  tell(order: string | object): Promise<unknown>;
  stop(): void;
};

export function startServer(name: string, env: Record<string, string> = {}): Promise<Measured> {
  const child = fork(fileURLToPath(new URL(`servers/${name}.ts`, import.meta.url)), {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`${name} ended with ${code}`)));
    child.once('message', (said: { url: string; token?: string; whole?: string }) => resolve(measured(child, said)));
  });
}

function measured(child: ChildProcess, said: { url: string; token?: string; whole?: string }): Measured {
  const pid = child.pid!;
  return {
    url: said.url,
    token: said.token ?? '',
    whole: said.whole ?? '',
    pid,
    cpuUs: () => cpuUsOf(pid),
    rssMb: () => rssMbOf(pid),
    tell: (order) =>
      new Promise((resolve) => {
        child.once('message', resolve);
        child.send(order);
      }),
    stop: () => child.kill('SIGKILL'),
  };
}

/** As the kernel's scheduler counts it: the ticks of /proc/PID/stat are 10 ms, as much as hundreds of requests. */
export function cpuUsOf(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`).map((thread) => cpuNsOfThread(`/proc/${pid}/task/${thread}`));
  return threads.reduce((total, ns) => total + ns, 0) / 1_000;
}

function cpuNsOfThread(folder: string): number {
  try {
    return Number(readFileSync(`${folder}/schedstat`, 'utf8').split(' ')[0]);
  } catch {
    // It has ended since the folder was read.
    return 0;
  }
}

const TICK_US = 10_000;

/** Of a process and its children, those included that have ended. */
export function cpuUsOfTree(pid: number): number {
  let ticks = 0;
  for (const name of readdirSync('/proc').filter((one) => /^\d+$/.test(one))) {
    const fields = statOf(name);
    if (fields === undefined) continue;
    const [parent, user, system, usersEnded, systemEnded] = [1, 11, 12, 13, 14].map((at) => Number(fields[at])) as Five;
    if (Number(name) === pid) ticks += user + system + usersEnded + systemEnded;
    else if (parent === pid) ticks += user + system;
  }
  return ticks * TICK_US;
}

type Five = [number, number, number, number, number];

function statOf(pid: string): string[] | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ');
  } catch {
    return undefined;
  }
}

export function rssMbOf(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;
}
