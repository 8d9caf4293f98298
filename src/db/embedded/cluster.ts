/** Makes the cluster once, whole or not at all, with a random password that only its owner and root can read. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chown, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Binaries } from './binaries.ts';
import type { Place, Runner } from './place.ts';
import { isAlive } from './postmaster.ts';

export type Cluster = { folder: string; password: string };

/** The role that owns the cluster and runs migrations. */
export const OWNER = 'ava';

/** Finds the cluster at `place`, or makes it. Throws with a remedy when it cannot be read or is another version's. */
export async function findCluster(place: Place, binaries: Binaries, isDurable: boolean): Promise<Cluster> {
  const folder = path.join(place.home, 'cluster');
  if (!existsSync(folder)) await makeCluster(place, folder, binaries, isDurable);
  const made = await readOwned(path.join(folder, 'PG_VERSION'));
  if (Number(made) !== binaries.major) {
    throw new Error(
      `The database in ${folder} was made by PostgreSQL ${made.trim()}; this AVA brings PostgreSQL ${binaries.major}. ` +
        'Make a backup with the AVA that made it, and restore that backup with this one.',
    );
  }
  return { folder, password: (await readOwned(path.join(folder, PASSWORD_FILE))).trim() };
}

const PASSWORD_FILE = 'ava-password';

// Made under another name and renamed: of two first starts at once one wins, and a killed one leaves nothing half made.
async function makeCluster(place: Place, folder: string, binaries: Binaries, isDurable: boolean): Promise<void> {
  await mkdir(place.home, { recursive: true, mode: place.runner ? 0o755 : 0o700 });
  await removeAbandoned(place.home);
  const password = randomBytes(24).toString('base64url');
  const fresh = path.join(place.home, `cluster.${process.pid}.${randomBytes(4).toString('hex')}`);
  const secret = `${fresh}.password`;
  try {
    await mkdir(fresh, { mode: 0o700 });
    await giveTo(fresh, place.runner);
    await writePrivately(secret, password, place.runner);
    await runInitdb(binaries.initdb, fresh, secret, place.runner, isDurable);
    await writePrivately(path.join(fresh, PASSWORD_FILE), password, place.runner);
    await rename(fresh, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  } finally {
    await rm(secret, { force: true });
    await rm(fresh, { recursive: true, force: true });
  }
}

async function runInitdb(
  program: string,
  folder: string,
  passwordFile: string,
  runner: Runner | undefined,
  isDurable: boolean,
): Promise<void> {
  const args = [
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--no-instructions',
    `--pgdata=${folder}`,
    `--username=${OWNER}`,
    `--pwfile=${passwordFile}`,
    ...(isDurable ? [] : ['--no-sync']),
  ];
  const child = spawn(program, args, {
    ...(runner && { uid: runner.uid, gid: runner.gid }),
    cwd: '/',
    env: { PATH: '/usr/bin:/bin', TZ: 'UTC' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`The embedded database could not be made in ${folder}:\n${output.trim()}`);
}

async function removeAbandoned(home: string): Promise<void> {
  for (const name of await readdir(home)) {
    const pid = /^cluster\.(\d+)\./.exec(name)?.[1];
    if (pid && !isAlive(Number(pid))) await rm(path.join(home, name), { recursive: true, force: true });
  }
}

async function writePrivately(file: string, text: string, runner: Runner | undefined): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.writeFile(`${text}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await giveTo(file, runner);
}

async function giveTo(file: string, runner: Runner | undefined): Promise<void> {
  if (runner) await chown(file, runner.uid, runner.gid);
}

async function readOwned(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EACCES') throw cause;
    throw new Error(`${file} belongs to another user; run this command as that user or as root.`, { cause });
  }
}
