/**
 * P08 and P09: how long AVA takes to be ready, as production runs it (from its bundle, compiled once before), beside a Node.js
 * that does nothing; the same from its sources; with its own embedded database for the first time and again; and how much memory
 * it holds idle and with 1,000 open connections.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { findMain } from '../bin/bootstrap/server.mjs';
import { startEmbeddedPostgres } from '../src/db/embedded.ts';
import { freePort } from '../test/harness/free-port.ts';
import { printRow } from './compare.ts';
import { median } from './load.ts';
import { cpuUsOf, rssMbOf } from './process.ts';

const SOURCES = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));
const BUNDLE = await findMain({ build: true });
const LONGEST_START_MS = 120_000;
const CONNECTIONS = 1_000;
const rounds = process.argv.includes('--full') ? 15 : 7;
const dir = mkdtempSync(path.join(tmpdir(), 'ava-start-'));
const quiet = { info: () => {}, warn: () => {} };

try {
  await onGivenDatabase();
  await onOwnDatabase();
} finally {
  rmSync(dir, { recursive: true, force: true });
}

async function onGivenDatabase(): Promise<void> {
  const postgres = await startEmbeddedPostgres({ dataDir: path.join(dir, 'given'), log: quiet });
  try {
    const env = { DATABASE_URL: postgres.url, AVA_DATA_DIR: path.join(dir, 'ava') };
    await end((await start(env)).child);
    const ratios: number[] = [];
    const cpuRatios: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const nothing = costOfNothing();
      const ava = await start(env);
      ratios.push(ava.readyMs / nothing.ms);
      cpuRatios.push(ava.cpuMs / nothing.cpuMs);
      if (round === rounds - 1) await memory(ava);
      await end(ava.child);
    }
    printRow({ id: 'P08', value: median(ratios), unit: 'of `node -e 0`, to ready', goal: 4, floor: 8, n: rounds });
    const nothing = costOfNothing();
    const sources = await start(env, SOURCES);
    await end(sources.child);
    const also = sources.readyMs / nothing.ms;
    console.log(
      `  CPU to ready: ${median(cpuRatios).toFixed(1)} times; from the sources ${also.toFixed(1)} times the time`,
    );
  } finally {
    await postgres.stop();
  }
}

async function onOwnDatabase(): Promise<void> {
  const env = { AVA_DATA_DIR: path.join(dir, 'own') };
  const limits = { first: { goal: 8, floor: 20 }, next: { goal: 3, floor: 6 } };
  for (const which of ['first', 'next'] as const) {
    const { child, readyMs } = await start(env);
    await end(child);
    printRow({ id: `P08 ${which}`, value: readyMs / 1000, unit: 's with its own database', ...limits[which], n: 1 });
  }
}

async function memory({ child, port }: Started): Promise<void> {
  const idle = rssMbOf(child.pid!);
  printRow({ id: 'P09 idle', value: idle, unit: 'MB resident, without PostgreSQL', goal: 90, floor: 180, n: 1 });
  const sockets = await Promise.all(Array.from({ length: CONNECTIONS }, () => openConnection(port)));
  const busy = rssMbOf(child.pid!);
  for (const socket of sockets) socket.destroy();
  printRow({ id: 'P09 1k', value: busy, unit: 'MB with 1,000 connections', goal: 150, floor: 350, n: CONNECTIONS });
}

type Started = { child: ChildProcess; port: number; readyMs: number; cpuMs: number };

async function start(given: Record<string, string>, main = BUNDLE): Promise<Started> {
  const port = await freePort();
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: process.env['HOME'] ?? dir,
    NODE_OPTIONS: process.env['NODE_OPTIONS'] ?? '',
    AVA_ENV: 'development',
    INTEGRATIONS_STUB_MODE: 'true',
    PORT: String(port),
    PUBLIC_URL: `http://127.0.0.1:${port}`,
    LOG_FILE: path.join(dir, 'ava.log'),
    NODE_COMPILE_CACHE: path.join(dir, 'compiled'),
    ...given,
  };
  const startedMs = performance.now();
  const child = spawn(process.execPath, [main, 'serve'], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  while (!(await isReady(port))) {
    if (child.exitCode !== null) throw new Error(`AVA ended with ${child.exitCode}`);
    if (performance.now() - startedMs > LONGEST_START_MS) throw new Error('AVA was not ready in time');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return { child, port, readyMs: performance.now() - startedMs, cpuMs: cpuUsOf(child.pid!) / 1000 };
}

async function isReady(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/readyz`)).ok;
  } catch {
    return false;
  }
}

async function end(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await gone;
}

function costOfNothing(): { ms: number; cpuMs: number } {
  const startedMs = performance.now();
  const { stdout } = spawnSync(process.execPath, ['-p', 'JSON.stringify(process.cpuUsage())'], { encoding: 'utf8' });
  const { user, system } = JSON.parse(stdout) as NodeJS.CpuUsage;
  return { ms: performance.now() - startedMs, cpuMs: (user + system) / 1000 };
}

function openConnection(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('GET /healthz HTTP/1.1\r\nHost: ava\r\n\r\n'));
    socket.once('data', () => resolve(socket));
    socket.once('error', reject);
  });
}
