/** HAProxy in front of several servers, with the settings of deploy/haproxy and no retries. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from './until.ts';

const SHIPPED = fileURLToPath(new URL('../../deploy/haproxy/haproxy.cfg', import.meta.url));

export type Haproxy = {
  url: string;
  /** How many servers it sends requests to. */
  upCount(): Promise<number>;
  stop(): Promise<void>;
};

/** Whether HAProxy is installed; where not, tests that need it are skipped and say so. */
export function hasHaproxy(): boolean {
  return findProgram() !== undefined;
}

/** Starts it on `port`, in front of the servers at `addresses` (`host:port`). */
export async function startHaproxy(port: number, addresses: readonly string[]): Promise<Haproxy> {
  const program = findProgram();
  if (!program) throw new Error('haproxy is not installed: apt-get install haproxy, or run npm test as root');
  const dir = mkdtempSync(path.join(tmpdir(), 'haproxy-under-test-'));
  const file = path.join(dir, 'haproxy.cfg');
  writeFileSync(file, configuration(port, addresses));
  const child = spawn(program, ['-db', '-f', file], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk) => (output = (output + String(chunk)).slice(-4_000)));
  process.once('exit', () => child.kill('SIGKILL'));
  const url = `http://127.0.0.1:${port}`;
  const upCount = async () => {
    if (child.exitCode !== null) throw new Error(`haproxy ended:\n${output}`);
    const answer = await fetch(`${url}/balancer;csv`).catch(() => undefined);
    const lines = ((await answer?.text()) ?? '').split('\n');
    return lines.filter((line) => /^replicas,ava-\d+,.*,UP,/.test(line)).length;
  };
  await until('haproxy sees every server', async () => (await upCount()) === addresses.length, 30_000);
  return { url, upCount, stop: () => end(child, dir) };
}

/** The shipped file, with this port and these servers in it, and a page that says which of them are up. */
function configuration(port: number, addresses: readonly string[]): string {
  const servers = addresses.map((address, index) => `  server ava-${index + 1} ${address}`).join('\n');
  return readFileSync(SHIPPED, 'utf8')
    .replace(/(^ {2}server .*\n)+/gm, `${servers}\n`)
    .replace('bind :8000', `bind 127.0.0.1:${port}\n  stats enable\n  stats uri /balancer`);
}

function findProgram(): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(path.delimiter), '/usr/sbin', '/usr/local/sbin', '/usr/bin'];
  return folders
    .filter(Boolean)
    .map((folder) => path.join(folder, 'haproxy'))
    .find((candidate) => existsSync(candidate));
}

async function end(child: ChildProcess, dir: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }
  rmSync(dir, { recursive: true, force: true });
}
