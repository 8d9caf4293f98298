/** AVA started whole, as its users start it: a server process of its own, a real database, the simulated vendors. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startSimulator, type Simulator, type SimulatorOptions } from '../../src/simulator/simulator.ts';
import { freePort } from './free-port.ts';

const HERE = fileURLToPath(new URL('../..', import.meta.url));

export type AvaOptions = {
  env?: Record<string, string>;
  simulator?: SimulatorOptions;
  /** Use this database instead of a new one; several replicas share it. */
  databaseUrl?: string;
  /** Use these twins instead of new ones. */
  shared?: Simulator;
  /** Folder of the release to run, or its bundle; by default this folder. */
  release?: string;
  /** How many files and connections the process may have open at once. */
  openFiles?: number;
};

export type AvaUnderTest = {
  url: string;
  simulator: Simulator;
  databaseUrl: string;
  env: Record<string, string>;
  process: ChildProcess;
  /** Every line of the log so far. */
  log(): string;
  lines(): Record<string, unknown>[];
  /** Runs a command of `ava` beside the server; resolves to what it printed. */
  cli(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }>;
  /** The same, with the command of another release. */
  cliOf(release: string, ...args: string[]): Promise<{ code: number; stdout: string; stderr: string }>;
  /** A signed-in user of the first tenant: its token, and a fetch that carries it. */
  owner(): Promise<{ token: string; fetch(path: string, init?: RequestInit): Promise<Response> }>;
  /** Ends the process with `signal` and starts it again on the same port, from the folder of another release where given. */
  restart(signal?: NodeJS.Signals, release?: string): Promise<void>;
  /** Stops the process alone; the database and the twins stay. */
  stopProcess(signal?: NodeJS.Signals): Promise<number | null>;
  stop(): Promise<void>;
};

export const OWNER = { email: 'owner@example.test', password: 'correct horse battery', tenant: 'Birch Dental' };

/** Starts everything and waits until `/readyz` says yes. */
export async function startAva(options: AvaOptions = {}): Promise<AvaUnderTest> {
  const simulator = options.shared ?? (await startSimulator(options.simulator ?? {}));
  const database = options.databaseUrl === undefined ? await newDatabase() : undefined;
  const databaseUrl = options.databaseUrl ?? database!.url;
  const dir = mkdtempSync(path.join(tmpdir(), 'ava-under-test-'));
  const logFile = path.join(dir, 'ava.log');
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const env: Record<string, string> = {
    PATH: process.env['PATH'] ?? '',
    NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? '',
    AVA_ENV: 'test',
    PORT: String(port),
    PUBLIC_URL: url,
    AVA_DATA_DIR: dir,
    LOG_FILE: logFile,
    DATABASE_URL: databaseUrl,
    AVA_SECRET_KEY: randomBytes(32).toString('hex'),
    AVA_SIMULATOR_URL: simulator.url,
    ...simulator.env(),
    ...options.env,
  };
  // A test turns a variable of the simulator off by setting it to nothing.
  for (const [name, value] of Object.entries(env)) if (value === '') delete env[name];

  let release = options.release ?? HERE;
  const start = () => launch(release, env, { url, openFiles: options.openFiles });
  let child = await start();
  let ownerToken: Promise<string> | undefined;
  const cli: AvaUnderTest['cli'] = (...args) => runCommand(release, env, args);
  const readLog = () => readFileSync(logFile, 'utf8');

  return {
    url,
    simulator,
    databaseUrl,
    env,
    get process() {
      return child;
    },
    log: readLog,
    lines: () =>
      readLog()
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    cli,
    cliOf: (other, ...args) => runCommand(other, env, args),
    async owner() {
      const token = await (ownerToken ??= makeOwner(cli));
      return {
        token,
        fetch: (target, init) =>
          fetch(new URL(target, url), {
            ...init,
            headers: { authorization: `Bearer ${token}`, ...(init?.headers as Record<string, string>) },
          }),
      };
    },
    async restart(signal = 'SIGTERM', next = release) {
      await end(child, signal);
      release = next;
      child = await start();
    },
    stopProcess: (signal = 'SIGTERM') => end(child, signal),
    async stop() {
      await end(child, 'SIGTERM');
      if (options.shared === undefined) await simulator.close();
      await database?.drop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Only where it is wanted: the module works within a run of the tests alone, and benches bring a database of their own. */
async function newDatabase() {
  const { createTestDatabase } = await import('./database.ts');
  return await createTestDatabase();
}

async function makeOwner(cli: AvaUnderTest['cli']): Promise<string> {
  const made = await cli(
    'user',
    'create',
    '--email',
    OWNER.email,
    '--password',
    OWNER.password,
    '--tenant',
    OWNER.tenant,
  );
  if (made.code !== 0) throw new Error(`ava user create: ${made.stderr}`);
  const token = await cli('token', '--email', OWNER.email, '--ttl', '4h');
  if (token.code !== 0) throw new Error(`ava token: ${token.stderr}`);
  return token.stdout.trim();
}

async function runCommand(release: string, env: Record<string, string>, args: string[]) {
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [mainOf(release), ...args], {
      env: { ...env, LOG_FILE: '' },
      timeout: START_LIMIT_MS,
    });
    return { code: 0, stdout, stderr };
  } catch (error) {
    const failed = error as { code?: number; stdout?: string; stderr?: string };
    return { code: failed.code ?? 1, stdout: failed.stdout ?? '', stderr: failed.stderr ?? String(error) };
  }
}

/** For a machine on which everything else runs too. */
const START_LIMIT_MS = 180_000;

/** Starts the server process; resolves once it may take traffic, rejects with its output when it ends before. */
async function launch(
  release: string,
  env: Record<string, string>,
  { url, openFiles }: { url: string; openFiles: number | undefined },
): Promise<ChildProcess> {
  const command = [process.execPath, mainOf(release), 'serve'];
  // The shell becomes the server, so that the process is the server's own.
  if (openFiles !== undefined) command.unshift('sh', '-c', `ulimit -n ${openFiles} && exec "$0" "$@"`);
  const child = spawn(command[0]!, command.slice(1), { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (chunk) => (output = (output + String(chunk)).slice(-8_000)));
  child.stderr.on('data', (chunk) => (output = (output + String(chunk)).slice(-8_000)));
  const until = Date.now() + START_LIMIT_MS;
  while (Date.now() < until) {
    if (child.exitCode !== null) throw new Error(`AVA ended with ${child.exitCode}:\n${output}`);
    if (await isReady(url)) return child;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  child.kill('SIGKILL');
  throw new Error(`AVA was not ready in time:\n${output}`);
}

const mainOf = (release: string) => (release.endsWith('.js') ? release : path.join(release, 'src/cli/main.ts'));

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/readyz`)).ok;
  } catch {
    return false;
  }
}

function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => {
    child.once('exit', (code) => resolve(code));
    child.kill(signal);
  });
}
