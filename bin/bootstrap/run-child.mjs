/** Hands the terminal over to one child process and becomes as like it as a parent can. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import path from 'node:path';
import { root } from './install.mjs';

/** The Node.js to run AVA with: the one in the lockfile, else this one where it is new enough. Throws with a remedy. */
export function findNode() {
  const pinned = path.join(root, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node');
  if (existsSync(pinned)) return pinned;
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath;
  throw new Error(
    `AVA needs Node.js 24 or newer; this is ${process.versions.node}, and none comes with AVA for ${process.platform}-${process.arch}. ` +
      'Install Node.js 24 from https://nodejs.org and run the command again.',
  );
}

/**
 * The environment in which `node` and all tools are AVA's own, what Node.js compiled once is not compiled again, young
 * objects get no more room than pays, and all threads take their memory from one place.
 */
export function environment() {
  const modules = path.join(root, 'node_modules');
  return {
    NODE_COMPILE_CACHE: path.join(modules, '.cache', 'compile'),
    // Each thread would get an arena of its own, which glibc fills with holes: 25 MB of a busy server, and more each hour.
    MALLOC_ARENA_MAX: '1',
    ...process.env,
    NODE_OPTIONS: withYoungRoom(process.env.NODE_OPTIONS),
    PATH: `${path.join(modules, '.bin')}${path.delimiter}${process.env.PATH ?? ''}`,
  };
}

/** MB for each half of the young generation. By itself V8 takes up to 64, and gives none of it back. The Dockerfile says the same. */
const YOUNG_ROOM = '--max-semi-space-size=16';

function withYoungRoom(options = '') {
  return options.includes('semi-space') ? options : `${options} ${YOUNG_ROOM}`.trim();
}

/** The listening socket that systemd gave to this process, for the one that will serve; see src/inherited-socket.ts. */
function sockets() {
  const { LISTEN_FDS, LISTEN_PID } = process.env;
  return LISTEN_FDS === '1' && Number(LISTEN_PID) === process.pid ? [3] : [];
}

/** Runs a command with this process's terminal; forwards signals; resolves to its exit code. */
export function runChild(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['inherit', 'inherit', 'inherit', ...sockets()],
      env: environment(),
      ...options,
    });
    const forward = (signal) => {
      // Ctrl-C reaches the whole foreground group by itself; sent twice it would mean "at once".
      if (signal === 'SIGINT' && process.stdin.isTTY) return;
      child.kill(signal);
    };
    const signals = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'];
    for (const signal of signals) process.on(signal, forward);
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      for (const name of signals) process.off(name, forward);
      resolve(code ?? 128 + constants.signals[signal]);
    });
  });
}
