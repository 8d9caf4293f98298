/** Which AVA this is: the version of package.json and the commit it was built from. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from './root.ts';

export type Release = { version: string; commit: string; startedAt: Date };

export function readRelease(startedAt: Date): Release {
  const { version } = JSON.parse(readFileSync(`${ROOT}/package.json`, 'utf8')) as { version: string };
  return { version, commit: commitOf(), startedAt };
}

// An image has no .git: its build writes the commit into COMMIT. A clone has it in its files; git is asked where they are unusual.
function commitOf(): string {
  try {
    return readFileSync(`${ROOT}/COMMIT`, 'utf8').trim();
  } catch {
    return commitOfClone(ROOT) ?? askGit();
  }
}

/** What HEAD stands at in the clone or work tree at `root`; undefined where that cannot be read off its files. */
export function commitOfClone(root: string): string | undefined {
  try {
    const folder = gitFolder(root);
    const head = readText(folder, 'HEAD');
    const ref = /^ref: (refs\/[\w./-]+)$/.exec(head)?.[1];
    const commit = ref === undefined ? head : commitOfRef(folder, ref);
    return /^[0-9a-f]{40}$/.test(commit ?? '') ? commit!.slice(0, SHORT) : undefined;
  } catch {
    return undefined;
  }
}

const SHORT = 12;

/** A work tree beside the clone has a file there that says where its folder is. */
function gitFolder(root: string): string {
  const place = path.join(root, '.git');
  if (statSync(place).isDirectory()) return place;
  return path.resolve(root, /^gitdir: (.+)$/.exec(readText(place))![1]!);
}

/** Refs are a file each, or lines of one; those of a work tree are with the clone. */
function commitOfRef(folder: string, ref: string): string | undefined {
  const common = existsSync(path.join(folder, 'commondir'))
    ? path.resolve(folder, readText(folder, 'commondir'))
    : folder;
  if (existsSync(path.join(common, ref))) return readText(common, ref);
  const packed = readText(common, 'packed-refs').split('\n');
  return packed.find((line) => line.endsWith(` ${ref}`))?.split(' ', 1)[0];
}

function readText(...parts: string[]): string {
  return readFileSync(path.join(...parts), 'utf8').trim();
}

function askGit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short=12', 'HEAD'], {
      cwd: ROOT,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return 'unknown';
  }
}
