/**
 * A small supervisor, as an installation of one's own may have one: `start` and `stop` of one replica, told by the
 * variables that `ava release --target command` sets. Run: node supervisor.ts start|stop FOLDER
 */
import { spawn } from 'node:child_process';
import { existsSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const [, , what, folder = ''] = process.argv;
const { RELEASE_VERSION: version = '', RELEASE_REPLICA: replica = '' } = process.env;
const pidFile = path.join(folder, `${replica}.pid`);

if (what === 'stop') await stop();
else start();

function start(): void {
  const env = JSON.parse(readFileSync(path.join(folder, `${replica}.json`), 'utf8')) as Record<string, string>;
  const out = openSync(path.join(folder, `${replica}.out`), 'a');
  const main = path.join(folder, 'builds', version, 'src/cli/main.ts');
  if (!existsSync(main)) throw new Error(`there is no build ${version}`);
  const child = spawn(process.execPath, [main, 'serve'], { env, detached: true, stdio: ['ignore', out, out] });
  writeFileSync(pidFile, String(child.pid));
  child.unref();
}

async function stop(): Promise<void> {
  if (!existsSync(pidFile)) return;
  const pid = Number(readFileSync(pidFile, 'utf8'));
  if (isAlive(pid)) process.kill(pid, 'SIGTERM');
  while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 50));
  rmSync(pidFile, { force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // One that has ended and was not waited for yet is gone too.
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
