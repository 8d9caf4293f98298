/** Which file `ava` runs: the bundle where it was made of these very sources, and else the sources themselves. */
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import path from 'node:path';
import { root } from './install.mjs';
import { findNode, runChild } from './run-child.mjs';

const config = path.join(root, 'bin', 'server.vite.config.mjs');
const built = path.join(root, 'dist', 'server');
const bundle = path.join(built, 'ava.js');
const sources = path.join(root, 'src', 'cli', 'main.ts');

/** The file beside the bundle that says what it was made of. */
export const STAMP = 'sources.sha256';

/** Never fails: what cannot be bundled runs from its sources, only slower. `build` makes the bundle where it is missing. */
export async function findMain({ build }) {
  if (isFresh()) return bundle;
  const vite = path.join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  if (!build || !existsSync(vite) || !mayWrite()) return sources;
  process.stderr.write('Bundling the server ...\n');
  if ((await bundleSources(vite)) && isFresh()) return bundle;
  process.stderr.write('The server could not be bundled; AVA runs from its sources.\n');
  return sources;
}

// A read-only installation is no fault: it brings its bundle, or does without.
function mayWrite() {
  try {
    accessSync(existsSync(path.dirname(built)) ? path.dirname(built) : root, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function isFresh() {
  const stamp = path.join(built, STAMP);
  return existsSync(stamp) && existsSync(bundle) && readFileSync(stamp, 'utf8') === hashOfSources();
}

// File by file and the entry last: a server that runs from the last bundle still finds the parts that it has not loaded yet.
async function bundleSources(vite) {
  const fresh = path.join(root, 'dist', `server.${process.pid}`);
  try {
    const args = [vite, 'build', '--config', config, '--outDir', fresh, '--logLevel', 'warn'];
    if ((await runChild(findNode(), args, { cwd: root, stdio: ['ignore', 2, 2] })) !== 0) return false;
    mkdirSync(built, { recursive: true });
    const lastMs = existsSync(bundle) ? statSync(bundle).mtimeMs : 0;
    const parts = readdirSync(fresh).filter((name) => name !== 'ava.js' && name !== STAMP);
    for (const name of [...parts, 'ava.js', STAMP]) renameSync(path.join(fresh, name), path.join(built, name));
    clearPartsBefore(lastMs);
    return true;
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    return false;
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

/** A server may still run from the last bundle, and another process may be putting the next one in place: theirs stay. */
function clearPartsBefore(lastMs) {
  for (const name of readdirSync(built)) {
    const part = path.join(built, name);
    const { mtimeMs } = statSync(part, { throwIfNoEntry: false }) ?? {};
    if (name.endsWith('.js') && mtimeMs < lastMs - LONGEST_BUILD_MS) rmSync(part, { force: true });
  }
}

/** The parts of one bundle are not written in the same moment. */
const LONGEST_BUILD_MS = 120_000;

/** Over what goes into the bundle: the server's sources, the packages, and how it is made. */
export function hashOfSources() {
  const hash = createHash('sha256');
  const folder = path.join(root, 'src');
  const names = readdirSync(folder, { recursive: true })
    .map(String)
    .filter((name) => /\.(ts|json)$/.test(name) && !name.endsWith('.test.ts') && !name.startsWith(`web${path.sep}`));
  const files = [...names.sort().map((name) => path.join(folder, name)), config, path.join(root, 'package-lock.json')];
  for (const file of files)
    hash
      .update(`${path.relative(root, file)}\0`)
      .update(readFileSync(file))
      .update('\0');
  return hash.digest('hex');
}
