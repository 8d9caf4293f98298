/** Builds the dashboard when its sources are newer than the last build. */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { root } from './install.mjs';
import { findNode, runChild } from './run-child.mjs';

const config = path.join(root, 'src', 'web', 'vite.config.ts');
const built = path.join(root, 'dist', 'web');

/** Never fails: a server that answers the phone matters more than its dashboard. Says on stderr what happened. */
export async function ensureDashboard() {
  if (!existsSync(config)) return say('This copy of AVA has no dashboard sources; starting without building it.');
  if (!isStale()) return;
  const vite = path.join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  if (!existsSync(vite)) return say('The dashboard cannot be built: the development dependencies are not installed.');
  say('Building the dashboard ...');
  if ((await build(vite)) !== 0)
    say('The dashboard could not be built; AVA starts with the last build, if there is one.');
}

// Built beside the served folder and then put in its place, so that a running server never serves half a build.
async function build(vite) {
  const fresh = path.join(root, 'dist', `web.${process.pid}`);
  mkdirSync(path.dirname(built), { recursive: true });
  const args = [vite, 'build', '--config', config, '--outDir', fresh, '--emptyOutDir', '--logLevel', 'warn'];
  const code = await runChild(findNode(), args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (code === 0) {
    rmSync(built, { recursive: true, force: true });
    renameSync(fresh, built);
  }
  rmSync(fresh, { recursive: true, force: true });
  return code;
}

function isStale() {
  const index = path.join(built, 'index.html');
  if (!existsSync(index)) return true;
  const builtAt = statSync(index).mtimeMs;
  return sources().some((file) => statSync(file).mtimeMs > builtAt);
}

function sources() {
  const web = path.join(root, 'src', 'web');
  const features = path.join(root, 'src', 'features');
  const contracts = existsSync(features)
    ? readdirSync(features).map((room) => path.join(features, room, 'contract.ts'))
    : [];
  const files = readdirSync(web, { recursive: true }).map((file) => path.join(web, file));
  return [web, ...files, path.join(root, 'src', 'client.ts'), ...contracts].filter((file) => existsSync(file));
}

function say(sentence) {
  process.stderr.write(`${sentence}\n`);
}
