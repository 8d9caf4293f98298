/** Brings node_modules in step with package-lock.json. Plain JavaScript: it runs under the machine's own Node. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { hydratePostgres } from './postgres-links.mjs';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');

const stampFile = path.join(root, 'node_modules', '.ava-installed');

/**
 * Installs what is missing or out of date; says on stderr what it does. Throws with a remedy when npm fails.
 * @param {{ needsDevelopment: boolean }} options whether the tools of tests and builds must be there too
 */
export async function ensureInstalled({ needsDevelopment }) {
  const wanted = lockfileHash();
  if (isInStep(wanted, needsDevelopment)) return;
  const release = await takeLock();
  try {
    if (isInStep(wanted, needsDevelopment)) return;
    installAll();
    hydratePostgres(root);
    writeFileSync(stampFile, `${wanted} complete\n`);
  } finally {
    release();
  }
}

function lockfileHash() {
  return createHash('sha256')
    .update(readFileSync(path.join(root, 'package-lock.json')))
    .digest('hex');
}

function isInStep(wanted, needsDevelopment) {
  const [hash, extent] = readOr(stampFile, '').trim().split(' ');
  if (hash === wanted && (extent === 'complete' || !needsDevelopment)) return true;
  return adoptForeignInstall(wanted, needsDevelopment);
}

// `npm ci` typed by a person or by an image build leaves no stamp: compare what npm wrote down with what is locked.
function adoptForeignInstall(wanted, needsDevelopment) {
  const hidden = readOr(path.join(root, 'node_modules', '.package-lock.json'), '');
  if (!hidden) return false;
  const installed = JSON.parse(hidden).packages;
  const locked = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')).packages;
  let extent = 'complete';
  for (const [name, entry] of Object.entries(locked)) {
    if (name === '' || installed[name]?.version === entry.version) continue;
    if (installed[name]) return false;
    // What is made for another platform stays away.
    if (entry.optional || entry.peer) continue;
    if (!entry.dev && !entry.devOptional) return false;
    extent = 'production';
  }
  if (extent === 'production' && needsDevelopment) return false;
  hydratePostgres(root);
  try {
    writeFileSync(stampFile, `${wanted} ${extent}\n`);
  } catch {
    // A read-only installation is complete all the same; it is compared again next time.
  }
  return true;
}

function installAll() {
  process.stderr.write('Installing what AVA needs; this takes about a minute ...\n');
  const npmCli = process.env.npm_execpath ?? '';
  const [command, prefix] = npmCli.endsWith('npm-cli.js') ? [process.execPath, [npmCli]] : ['npm', []];
  // The lockfile holds the variants for Linux; on another system npm has to look for its own.
  const how = process.platform === 'linux' ? ['ci'] : ['install', '--no-package-lock'];
  const options = [...how, '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'];
  for (let attempt = 1; attempt <= 2; attempt += 1) {
    const result = spawnSync(command, [...prefix, ...options], { cwd: root, stdio: ['ignore', 2, 2] });
    if (result.status === 0) return;
    if (result.error) throw new Error(`npm cannot be run (${result.error.message}); install Node.js with npm first.`);
    if (attempt === 1) process.stderr.write('npm failed; trying once more ...\n');
  }
  throw new Error('npm failed twice; its messages are above. Check the network and run the command again.');
}

// Two commands in a fresh clone must not install over each other.
async function takeLock() {
  const directory = path.join(root, '.ava');
  const lock = path.join(directory, 'install.lock');
  mkdirSync(directory, { recursive: true });
  const mine = path.join(directory, `install.${process.pid}`);
  writeFileSync(mine, String(process.pid));
  try {
    for (;;) {
      try {
        linkSync(mine, lock);
        return () => rmSync(lock, { force: true });
      } catch (error) {
        if (error.code !== 'EEXIST') throw error;
      }
      if (!isAlive(Number(readOr(lock, '0')))) rmSync(lock, { force: true });
      await delay(200);
    }
  } finally {
    unlinkSync(mine);
  }
}

function isAlive(pid) {
  if (!pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function readOr(file, otherwise) {
  return existsSync(file) ? readFileSync(file, 'utf8') : otherwise;
}
