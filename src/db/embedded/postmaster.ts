/** The running PostgreSQL of one cluster: who it is, starting it, asking it to end. */
import { type ChildProcess, spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import type { Place } from './place.ts';

export type Postmaster = { pid: number; port: number };

export type LaunchOptions = { place: Place; program: string; folder: string; port: number; settings: string[] };

/** What the cluster's lock file says, if the process that it names really is a PostgreSQL. */
export function findPostmaster(folder: string): Postmaster | undefined {
  const lines = readLockFile(folder);
  const pid = Number(lines[0]);
  const port = Number(lines[3]);
  return pid && port && isPostgres(pid) ? { pid, port } : undefined;
}

/**
 * Removes a lock file that names a process which is alive but no PostgreSQL (ids are used again, above all in
 * containers). A dead one PostgreSQL judges better by itself: it also looks for survivors of the old server.
 */
export function clearForeignLock(folder: string): void {
  const pid = Number(readLockFile(folder)[0]);
  if (pid && isAlive(pid) && !isPostgres(pid) && !hasSurvivors(folder)) {
    rmSync(path.join(folder, 'postmaster.pid'), { force: true });
  }
}

/** Starts PostgreSQL in its own session, so that neither Ctrl-C nor the end of AVA takes it down in mid-sentence. */
export function launch({ place, program, folder, port, settings }: LaunchOptions): ChildProcess {
  const log = openLog(path.join(place.home, 'postgres.log'));
  try {
    const child = spawn(program, ['-D', folder, ...fixedSettings(port), ...settings.flatMap((one) => ['-c', one])], {
      ...(place.runner && { uid: place.runner.uid, gid: place.runner.gid }),
      cwd: '/',
      detached: true,
      env: { PATH: '/usr/bin:/bin', TZ: 'UTC' },
      stdio: ['ignore', log, log],
    });
    child.unref();
    return child;
  } finally {
    closeSync(log);
  }
}

/** A TCP port of the loopback that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address === 'object' && address) return address.port;
  throw new Error('no free TCP port on 127.0.0.1');
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Whether a process lives and is a PostgreSQL, as far as the operating system tells. */
export function isPostgres(pid: number): boolean {
  if (!isAlive(pid)) return false;
  if (!existsSync('/proc/self/cmdline')) return true;
  try {
    // Empty for a zombie, which is no server any more.
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('postgres');
  } catch {
    return false;
  }
}

/** The last lines that PostgreSQL wrote, for an error message. */
export function lastWords(home: string): string {
  const file = path.join(home, 'postgres.log');
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').slice(-5).join('\n') : '';
}

function fixedSettings(port: number): string[] {
  const settings = [
    'listen_addresses=127.0.0.1',
    `port=${port}`,
    'unix_socket_directories=',
    'timezone=UTC',
    'log_timezone=UTC',
    'log_checkpoints=off',
    'cluster_name=ava',
  ];
  return settings.flatMap((setting) => ['-c', setting]);
}

function readLockFile(folder: string): string[] {
  const file = path.join(folder, 'postmaster.pid');
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
}

function hasSurvivors(folder: string): boolean {
  if (!existsSync('/proc')) return true;
  return readdirSync('/proc').some((entry) => {
    if (!/^\d+$/.test(entry)) return false;
    try {
      return readlinkSync(`/proc/${entry}/cwd`) === folder;
    } catch {
      return false;
    }
  });
}

const LOG_LIMIT_BYTES = 10_000_000;

function openLog(file: string): number {
  if (existsSync(file) && statSync(file).size > LOG_LIMIT_BYTES) renameSync(file, `${file}.1`);
  return openSync(file, 'a', 0o640);
}
