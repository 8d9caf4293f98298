/** Three replicas behind HAProxy that a supervisor starts from builds of several versions, one of them with a fault. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import { createTestDatabase, type TestDatabase } from '../harness/database.ts';
import { freePort } from '../harness/free-port.ts';
import { type Haproxy, startHaproxy } from '../harness/haproxy.ts';
import { startRedis } from '../harness/redis.ts';
import { until } from '../harness/until.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MAIN = path.join(ROOT, 'src/cli/main.ts');
const SUPERVISOR = fileURLToPath(new URL('./supervisor.ts', import.meta.url));

/** Turns the sources of a build into those of another one; `change` throws where it no longer fits. */
export type Fault = { file: string; from: string; to: string };

export type ReleaseFleet = {
  folder: string;
  url: string;
  replicas: { name: string; url: string }[];
  balancer: Haproxy;
  simulator: Simulator;
  database: TestDatabase;
  secretKey: string;
  token: string;
  /** `--start`, `--stop`, `--replica …`, `--url`, `--token`. */
  flags(state: string): string[];
  /** Runs `ava`; resolves when it ends. */
  ava(...args: string[]): { pid: number; ended: Promise<{ code: number; stdout: string; stderr: string }> };
  versions(): Promise<string[]>;
  stop(): Promise<void>;
};

export async function startReleaseFleet(builds: Record<string, Fault | undefined>): Promise<ReleaseFleet> {
  await using undo = new AsyncDisposableStack();
  const folder = mkdtempSync(path.join(tmpdir(), 'ava-release-fleet-'));
  undo.defer(() => rmSync(folder, { recursive: true, force: true }));
  for (const [version, fault] of Object.entries(builds)) makeBuild(folder, version, fault);
  const database = await createTestDatabase();
  undo.defer(() => database.drop());
  const simulator = await startSimulator({ timeScale: 200 });
  undo.defer(() => simulator.close());
  const redis = await startRedis();
  undo.defer(() => redis.stop());
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const secretKey = randomBytes(32).toString('hex');
  const shared = {
    PATH: process.env['PATH'] ?? '',
    ...{ AVA_ENV: 'test', PUBLIC_URL: url, DATABASE_URL: database.url, REDIS_URL: redis.url },
    ...{ AVA_SECRET_KEY: secretKey, AVA_REPLICAS: '3', RATE_LIMIT_PER_MINUTE: '120', SHUTDOWN_GRACE_SECONDS: '10' },
    ...{ AVA_SIMULATOR_URL: simulator.url, AVA_DATA_DIR: folder },
    ...simulator.env(),
  };
  const replicas: { name: string; url: string }[] = [];
  for (const name of ['ava-1', 'ava-2', 'ava-3']) {
    const own = await freePort();
    const env = { ...shared, PORT: String(own), LOG_FILE: path.join(folder, `${name}.log`) };
    writeFileSync(path.join(folder, `${name}.json`), JSON.stringify(env));
    replicas.push({ name, url: `http://127.0.0.1:${own}` });
  }
  const [first] = Object.keys(builds);
  // They outlive whoever started them: a test run that is cut short must take them along.
  process.once('exit', () => replicas.forEach(({ name }) => endNow(path.join(folder, `${name}.pid`))));
  for (const replica of replicas) {
    undo.defer(() => supervise(folder, 'stop', replica.name, ''));
    await supervise(folder, 'start', replica.name, first!);
  }
  for (const replica of replicas) await until(`${replica.name} is ready`, () => isReady(replica.url), 60_000);
  const balancer = await startHaproxy(
    port,
    replicas.map((replica) => new URL(replica.url).host),
  );
  undo.defer(() => balancer.stop());
  const run = (...args: string[]) => runAva({ ...shared, LOG_FILE: '' }, folder, args);
  const person = ['--email', 'owner@example.test', '--password', 'correct horse battery', '--tenant', 'Birch Dental'];
  await run('user', 'create', ...person).ended;
  const { stdout } = await run('token', '--email', 'owner@example.test', '--ttl', '4h').ended;
  const token = stdout.trim();
  const takeDown = undo.move();
  return {
    ...{ folder, url, replicas, balancer, simulator, database, secretKey, token },
    ava: run,
    flags: (state) => [
      ...['--target', 'command', '--url', url, '--token', token, '--state', path.join(folder, state)],
      ...['--start', `"${process.execPath}" "${SUPERVISOR}" start "${folder}"`],
      ...['--stop', `"${process.execPath}" "${SUPERVISOR}" stop "${folder}"`],
      ...replicas.flatMap((replica) => ['--replica', `${replica.name}=${replica.url}`]),
    ],
    versions: () => Promise.all(replicas.map((replica) => versionOf(replica.url))),
    stop: () => takeDown.disposeAsync(),
  };
}

function makeBuild(folder: string, version: string, fault: Fault | undefined): void {
  const build = path.join(folder, 'builds', version);
  mkdirSync(build, { recursive: true });
  for (const part of ['src', 'bin']) cpSync(path.join(ROOT, part), path.join(build, part), { recursive: true });
  for (const linked of ['node_modules', 'dist']) {
    if (existsSync(path.join(ROOT, linked))) symlinkSync(path.join(ROOT, linked), path.join(build, linked));
  }
  const manifest = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as object;
  writeFileSync(path.join(build, 'package.json'), JSON.stringify({ ...manifest, version }));
  writeFileSync(path.join(build, 'COMMIT'), `c${version.replaceAll('.', '')}`);
  if (fault === undefined) return;
  const file = path.join(build, fault.file);
  const text = readFileSync(file, 'utf8');
  if (!text.includes(fault.from)) throw new Error(`${fault.file} has no "${fault.from}" to plant a fault in`);
  writeFileSync(file, text.replace(fault.from, fault.to));
}

function endNow(pidFile: string): void {
  try {
    process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL');
  } catch {
    // It has ended, and its file is gone.
  }
}

async function supervise(folder: string, what: 'start' | 'stop', replica: string, version: string): Promise<void> {
  const env = { PATH: process.env['PATH'] ?? '', RELEASE_REPLICA: replica, RELEASE_VERSION: version };
  await promisify(execFile)(process.execPath, [SUPERVISOR, what, folder], { env });
}

function runAva(env: Record<string, string>, cwd: string, args: string[]): ReturnType<ReleaseFleet['ava']> {
  let pid = 0;
  const ended = new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const options = { env, cwd, maxBuffer: 64 * 1024 * 1024 };
    const child = execFile(process.execPath, [MAIN, ...args], options, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    );
    pid = child.pid ?? 0;
  });
  return { pid, ended };
}

async function isReady(url: string): Promise<boolean> {
  return await fetch(`${url}/readyz`).then(
    (answer) => answer.ok,
    () => false,
  );
}

async function versionOf(url: string): Promise<string> {
  const answer = await fetch(`${url}/healthz`);
  return ((await answer.json()) as { version: string }).version;
}
