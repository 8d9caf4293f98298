/** A real Redis for one test file, on a free port, keeping nothing; it can be killed and frozen. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { freePort } from '../../src/db/embedded/postmaster.ts';

export type TestRedis = {
  url: string;
  port: number;
  pid: number;
  /** Ends it in order. */
  stop(): Promise<void>;
  /** Ends it at once, as a power cut would. */
  kill(): Promise<void>;
  /** Freezes it: connections stay open and nothing is answered. */
  pause(): void;
  resume(): void;
};

/** Whether a Redis or Valkey server is installed; where not, tests that need it are skipped and say so. */
export function hasRedis(): boolean {
  return findServer() !== undefined;
}

/** Starts a server, on `port` where given (to come back where one was killed). */
export async function startRedis(options: { port?: number; args?: string[] } = {}): Promise<TestRedis> {
  const program = findServer();
  if (!program) throw new Error('redis-server is not installed: apt-get install redis-server, or run npm test as root');
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port ?? (await freePort());
    const child = launch(program, port, options.args ?? []);
    const outcome = await waitForStart(child);
    if (outcome === 'ready') return control(child, port);
    // Another process took the port in between.
    if (options.port !== undefined || attempt === 5) throw new Error(`redis-server did not start:\n${outcome}`);
  }
}

function findServer(): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(path.delimiter), '/usr/bin', '/usr/local/bin', '/usr/sbin'];
  return ['redis-server', 'valkey-server']
    .flatMap((name) => folders.filter(Boolean).map((folder) => path.join(folder, name)))
    .find((file) => existsSync(file));
}

function launch(program: string, port: number, args: string[]): ChildProcess {
  const settings = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const child = spawn(program, [...settings, '--daemonize', 'no', ...args], {
    cwd: '/tmp',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  process.once('exit', () => child.kill('SIGKILL'));
  return child;
}

async function waitForStart(child: ChildProcess): Promise<string> {
  let output = '';
  return await new Promise((resolve) => {
    const read = (chunk: Buffer): void => {
      output += chunk.toString();
      if (/ready to accept connections/i.test(output)) resolve('ready');
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('error', (error) => resolve(error.message));
    child.once('exit', () => resolve(output || 'it ended at once'));
  });
}

function control(child: ChildProcess, port: number): TestRedis {
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGCONT');
    child.kill(signal);
    await ended;
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    pid: child.pid ?? 0,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    pause: () => child.kill('SIGSTOP'),
    resume: () => child.kill('SIGCONT'),
  };
}
