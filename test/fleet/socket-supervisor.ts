/**
 * Does with AVA what systemd does with a service that has a socket: holds the listening socket (descriptor 3, which it got from
 * `systemd-socket-activate` itself) and hands it to each process that it starts. SIGHUP restarts, SIGTERM ends; each exit code
 * is printed. Run: systemd-socket-activate -l ADDRESS node socket-supervisor.ts FILE, where FILE holds the variables of AVA.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const env = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as Record<string, string>;
let ava = start();
let isEnding = false;

function start(): ChildProcess {
  // Through bin/, as the unit does; LISTEN_PID has to be that of the process itself, known only to itself.
  const command = [path.join(ROOT, 'bin/run.mjs'), 'node', path.join(ROOT, 'src/cli/main.ts'), 'serve'];
  const child = spawn('/bin/sh', ['-c', 'LISTEN_PID=$$ exec "$@"', 'sh', process.execPath, ...command], {
    env: { ...env, LISTEN_FDS: '1' },
    stdio: ['ignore', 'ignore', 'inherit', 3],
  });
  child.once('exit', (code) => {
    console.log(`ended with ${code}`);
    if (isEnding) process.exit(0);
    ava = start();
  });
  return child;
}

process.on('SIGHUP', () => ava.kill('SIGTERM'));
process.on('SIGTERM', () => {
  isEnding = true;
  ava.kill('SIGTERM');
});
