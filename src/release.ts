/** Which AVA this is: the version of package.json and the commit it was built from. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { ROOT } from './root.ts';

export type Release = { version: string; commit: string; startedAt: Date };

export function readRelease(startedAt: Date): Release {
  const { version } = JSON.parse(readFileSync(`${ROOT}/package.json`, 'utf8')) as { version: string };
  return { version, commit: commitOf(), startedAt };
}

// An image has no .git: its build writes the commit into COMMIT. A clone asks git.
function commitOf(): string {
  try {
    return readFileSync(`${ROOT}/COMMIT`, 'utf8').trim();
  } catch {
    return askGit();
  }
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
