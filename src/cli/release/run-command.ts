/** Runs one command of a plan as a process of its own group, so that Ctrl-C here does not cut it in half. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Command } from './targets/target.ts';

export type CommandResult = { code: number; output: string };

const LIMIT_MS = 900_000;
const KEPT = 4_000;

/** Resolves when the process itself has ended; what it left running in the background may go on. Never rejects. */
export function runCommand({ argv, env = {} }: Command, limitMs = LIMIT_MS): Promise<CommandResult> {
  const [program, ...args] = argv;
  return new Promise((resolve) => {
    const child = spawn(program!, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    let output = '';
    const keep = (chunk: unknown) => (output = (output + String(chunk)).slice(-KEPT));
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const timer = setTimeout(() => {
      keep(`\nIt took longer than ${limitMs / 1000} s and was ended.`);
      endGroup(child);
    }, limitMs);
    const finish = (code: number) => {
      clearTimeout(timer);
      // What it started in the background may hold these open for as long as it lives.
      child.stdout.destroy();
      child.stderr.destroy();
      resolve({ code, output: output.trim() });
    };
    child.once('error', (error) => {
      keep(error.message);
      finish(127);
    });
    child.once('exit', (code) => setImmediate(finish, code ?? 1));
  });
}

function endGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has ended in this moment.
  }
}
