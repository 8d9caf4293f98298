/** Gives each test run a folder of its own, and takes down at the end whatever was started in it. */
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { canReach, chooseRunner } from '../../src/db/embedded/place.ts';
import { findPostmaster, isAlive } from '../../src/db/embedded/postmaster.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Folder of this test run; readable by the user that runs PostgreSQL. */
    testRunDir: string;
  }
}

export default function setup(project: TestProject): () => Promise<void> {
  const base = reachableTmp();
  for (const name of readdirSync(base)) {
    if (name.startsWith(PREFIX)) removeIfDead(path.join(base, name));
  }
  const folder = mkdtempSync(path.join(base, PREFIX));
  chmodSync(folder, 0o711);
  writeFileSync(path.join(folder, 'owner'), String(process.pid));
  project.provide('testRunDir', folder);
  return () => takeDown(folder);
}

const PREFIX = 'ava-test-run-';

function reachableTmp(): string {
  const runner = chooseRunner('');
  return !runner || canReach(tmpdir(), runner) ? tmpdir() : '/var/tmp';
}

// A run that was killed leaves its server behind.
function removeIfDead(folder: string): void {
  try {
    const owner = Number(readFileSync(path.join(folder, 'owner'), 'utf8'));
    if (!owner || isAlive(owner)) return;
    stopServer(folder, 'SIGQUIT');
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // Another user's, or still being written: not ours to clear.
  }
}

async function takeDown(folder: string): Promise<void> {
  const pid = stopServer(folder, 'SIGINT');
  const isGone = (): boolean => !pid || !isAlive(pid);
  while (!isGone()) await new Promise((resolve) => setTimeout(resolve, 20));
  rmSync(folder, { recursive: true, force: true });
}

function stopServer(folder: string, signal: NodeJS.Signals): number | undefined {
  const cluster = path.join(folder, 'postgres', 'cluster');
  const running = existsSync(cluster) ? findPostmaster(cluster) : undefined;
  if (running) process.kill(running.pid, signal);
  return running?.pid;
}
