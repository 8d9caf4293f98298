/** Gives each test run a folder of its own, and takes down at the end whatever was started in it. */
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { canReach, chooseRunner } from '../../src/db/embedded/place.ts';
import { findPostmaster, isAlive, isPostgres } from '../../src/db/embedded/postmaster.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Folder of this test run; readable by the user that runs PostgreSQL. */
    testRunDir: string;
    /** A PostgreSQL of the system to test on, of a role that may make roles and databases; empty: the embedded one. */
    postgresqlUrl: string;
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
  project.provide('postgresqlUrl', '');
  return () => takeDown(folder);
}

const PREFIX = 'ava-test-run-';

function reachableTmp(): string {
  const runner = chooseRunner('');
  return !runner || canReach(tmpdir(), runner) ? tmpdir() : '/var/tmp';
}

// A run that was killed leaves its servers behind.
function removeIfDead(folder: string): void {
  try {
    const owner = Number(readFileSync(path.join(folder, 'owner'), 'utf8'));
    if (!owner || isAlive(owner)) return;
    stopServers(folder, 'SIGQUIT');
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // Another user's, or still being written: not ours to clear.
  }
}

async function takeDown(folder: string): Promise<void> {
  for (const pid of stopServers(folder, 'SIGINT')) {
    while (isPostgres(pid)) await new Promise((resolve) => setTimeout(resolve, 20));
  }
  rmSync(folder, { recursive: true, force: true });
}

// That of the run, and those that single tests started in folders below and could not stop any more.
function stopServers(folder: string, signal: NodeJS.Signals): number[] {
  return readdirSync(folder).flatMap((name) => {
    const clusters = [path.join(folder, name, 'cluster'), path.join(folder, name, 'postgres', 'cluster')];
    return clusters.flatMap((cluster) => {
      const running = existsSync(cluster) ? findPostmaster(cluster) : undefined;
      if (!running) return [];
      process.kill(running.pid, 'SIGCONT');
      process.kill(running.pid, signal);
      return [running.pid];
    });
  });
}
