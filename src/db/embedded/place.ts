/**
 * Where the embedded cluster lives and as which user it runs. PostgreSQL refuses to run as root, so root hands it to
 * a lesser user, who must be able to walk to its files: below /root or a private temporary folder that user cannot.
 */
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';

/** The user that runs PostgreSQL when AVA itself is root. */
export type Runner = { name: string; uid: number; gid: number };

/** `home` holds the folder `cluster`; `elsewhere` is true when it lies outside the data directory. */
export type Place = { home: string; runner: Runner | undefined; elsewhere: boolean };

/** Finds, or decides once and for all, the place for the cluster of `dataDir`. Throws with a remedy. */
export function findPlace(dataDir: string): Place {
  mkdirSync(dataDir, { recursive: true, mode: isRoot() ? 0o755 : 0o700 });
  const data = realpathSync(dataDir);
  const pointer = path.join(data, 'postgres.location');
  const local = path.join(data, 'postgres');
  if (existsSync(pointer)) return follow(pointer);
  const runner = chooseRunner(local);
  if (!runner || canReach(data, runner)) return { home: local, runner, elsewhere: false };
  return follow(pointTo(pointer, data, runner));
}

/** Whether `runner` may walk down to `target`, judged by the mode bits of every folder on the way. */
export function canReach(target: string, runner: Runner): boolean {
  for (let folder = target; ; folder = path.dirname(folder)) {
    const { mode, uid, gid } = statSync(folder);
    const bit = uid === runner.uid ? 0o100 : gid === runner.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) return false;
    if (folder === path.dirname(folder)) return true;
  }
}

/** The user that shall run PostgreSQL: the cluster's owner, else `postgres`, else `nobody`; undefined: AVA's own. */
export function chooseRunner(home: string): Runner | undefined {
  if (!isRoot()) return undefined;
  const users = readUsers();
  const cluster = path.join(home, 'cluster');
  const owner = existsSync(cluster) ? statSync(cluster).uid : undefined;
  const chosen =
    users.find((user) => user.uid !== 0 && user.uid === owner) ??
    users.find((user) => user.name === 'postgres') ??
    users.find((user) => user.name === 'nobody');
  return chosen ?? { name: 'nobody', uid: 65_534, gid: 65_534 };
}

/** Whether a folder is root's and writable by root alone, so that nobody else can have planted what is in it. */
export function isRootsOwn(folder: string): boolean {
  const found = lstatSync(folder);
  return found.isDirectory() && found.uid === 0 && (found.mode & 0o022) === 0;
}

function follow(pointer: string): Place {
  const home = readFileSync(pointer, 'utf8').trim();
  if (existsSync(home)) return { home, runner: chooseRunner(home), elsewhere: true };
  throw new Error(
    `The database of this AVA is kept in ${home}, says ${pointer}, but that folder is gone. ` +
      'Put it back, or delete that file to begin with an empty database.',
  );
}

// A new name every time: deleting the data directory means starting afresh, never finding an old database again.
function pointTo(pointer: string, data: string, runner: Runner): string {
  const label = path.basename(path.dirname(data)).replaceAll(/[^A-Za-z0-9._-]/g, '-');
  const home = path.join(sharedBase(runner), `${label}-${randomBytes(6).toString('hex')}`);
  mkdirSync(home, { mode: 0o755 });
  const draft = `${pointer}.${process.pid}`;
  writeFileSync(draft, `${home}\n`, { mode: 0o600 });
  try {
    linkSync(draft, pointer);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    // Another command was quicker; its place counts.
    rmSync(home, { recursive: true, force: true });
  } finally {
    rmSync(draft, { force: true });
  }
  return pointer;
}

function sharedBase(runner: Runner): string {
  for (const base of ['/var/lib/ava', '/var/tmp/ava']) {
    try {
      mkdirSync(base, { recursive: true, mode: 0o755 });
      if (isRootsOwn(base) && canReach(base, runner)) return base;
    } catch {
      // Read-only or not ours: the next one.
    }
  }
  const base = mkdtempSync('/var/tmp/ava-');
  return base;
}

function readUsers(): Runner[] {
  const lines = existsSync('/etc/passwd') ? readFileSync('/etc/passwd', 'utf8').split('\n') : [];
  return lines
    .map((line) => line.split(':'))
    .map(([name = '', , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }))
    .filter((user) => user.name !== '' && Number.isInteger(user.uid) && Number.isInteger(user.gid));
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}
