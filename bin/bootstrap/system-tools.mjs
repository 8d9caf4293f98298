/** Programs that the tests drive for real and that npm cannot bring. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

const TOOLS = [
  { command: 'redis-server', debianPackage: 'redis-server', without: 'everything that several replicas share' },
  { command: 'haproxy', debianPackage: 'haproxy', without: 'updates behind a balancer' },
  { command: 'promtool', debianPackage: 'prometheus', without: 'the alert rules in Prometheus' },
  {
    command: 'amtool',
    debianPackage: 'prometheus-alertmanager',
    without: 'the way of an alert from Prometheus to Slack',
  },
  { command: 'chromium', debianPackage: 'chromium', without: 'the dashboard in a real browser' },
];

const APT_TIMEOUT_MS = 300_000;

/** Installs what is missing where that is possible; answers a sentence for each thing that stays untested. */
export function ensureSystemTools(say) {
  const missing = TOOLS.filter((tool) => !isOnPath(tool.command));
  if (missing.length === 0) return [];
  if (canInstall()) install(missing, say);
  return missing
    .filter((tool) => !isOnPath(tool.command))
    .map((tool) => `${tool.command} is not installed (Debian package ${tool.debianPackage}): ${tool.without}`);
}

function install(tools, say) {
  const packages = tools.map((tool) => tool.debianPackage);
  say(`Installing ${packages.join(' and ')} with apt-get ...`);
  if (!apt(['update', '-qq'], say)) return;
  if (apt([...INSTALL, ...packages], say)) return;
  // One package that cannot be had must not take the others with it.
  for (const name of packages) apt([...INSTALL, name], say);
}

const INSTALL = ['install', '-y', '-qq', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120'];

function apt(args, say) {
  const result = spawnSync('apt-get', args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    timeout: APT_TIMEOUT_MS,
    // The tests start what they need themselves: at this runlevel no package starts its server.
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
  });
  if (result.status === 0) return true;
  const reason = result.error?.message ?? (result.stderr.trim().split('\n').at(-1) || `exit code ${result.status}`);
  say(`apt-get ${args[0]} failed: ${reason}`);
  return false;
}

function canInstall() {
  return process.getuid?.() === 0 && isOnPath('apt-get');
}

function isOnPath(command) {
  const directories = [...(process.env.PATH ?? '').split(path.delimiter), '/usr/bin', '/usr/sbin', '/usr/local/bin'];
  return directories.some((directory) => directory && existsSync(path.join(directory, command)));
}
