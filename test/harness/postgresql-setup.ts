/** For the tests that run a second time on the system's own PostgreSQL, as an owner who is no superuser; where none is installed, on the embedded one. */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { Client } from 'pg';
import type { TestProject } from 'vitest/node';
import { chooseRunner, type Runner } from '../../src/db/embedded/place.ts';
import { freePort } from '../../src/db/embedded/postmaster.ts';
import setupRun from './global-setup.ts';
import { until } from './until.ts';

const HOME = '/usr/lib/postgresql';

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  let runDir = '';
  const takeDown = setupRun({
    provide: (name: 'testRunDir' | 'postgresqlUrl', value: string) => {
      if (name === 'testRunDir') runDir = value;
      project.provide(name, value);
    },
  } as TestProject);
  const programs = findPrograms();
  if (programs) project.provide('postgresqlUrl', await startServer(programs, path.join(runDir, 'postgresql')));
  // Whatever runs in the folder of the run is taken down with it.
  return takeDown;
}

/** Folder of the newest version that is installed. */
function findPrograms(): string | undefined {
  if (!existsSync(HOME)) return undefined;
  const versions = readdirSync(HOME).sort((a, b) => Number(b) - Number(a));
  return versions.map((version) => path.join(HOME, version, 'bin')).find((bin) => existsSync(path.join(bin, 'initdb')));
}

async function startServer(programs: string, home: string): Promise<string> {
  const runner = chooseRunner('');
  const as = {
    ...(runner && { uid: runner.uid, gid: runner.gid }),
    cwd: '/',
    env: { PATH: '/usr/bin:/bin', TZ: 'UTC' },
  };
  makeFolder(home, runner);
  const cluster = path.join(home, 'cluster');
  const options = ['--auth=trust', '--encoding=UTF8', '--locale=C.UTF-8', '--no-sync', '--username=postgres'];
  const made = spawnSync(path.join(programs, 'initdb'), [...options, `--pgdata=${cluster}`], as);
  if (made.status !== 0) throw new Error(`initdb: ${String(made.stderr)}`);
  const port = await freePort();
  const settings = { listen_addresses: '127.0.0.1', unix_socket_directories: '', fsync: 'off', max_connections: '200' };
  const given = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const server = spawn(path.join(programs, 'postgres'), ['-D', cluster, '-p', String(port), ...given], {
    ...as,
    detached: true,
    stdio: 'ignore',
  });
  server.unref();
  await until('PostgreSQL takes connections', () => makeOwner(port).catch(() => false), 60_000);
  return `postgres://ava_owner@127.0.0.1:${port}/postgres`;
}

function makeFolder(folder: string, runner: Runner | undefined): void {
  mkdirSync(folder);
  chmodSync(folder, 0o711);
  if (runner) chownSync(folder, runner.uid, runner.gid);
}

/** As docs/DEPLOYMENT.md asks for it: may make roles and databases, and is bound by row-level security. */
async function makeOwner(port: number): Promise<true> {
  const client = new Client({ connectionString: `postgres://postgres@127.0.0.1:${port}/postgres` });
  await client.connect();
  try {
    await client.query('create role ava_owner login createrole createdb nosuperuser nobypassrls');
    return true;
  } finally {
    await client.end();
  }
}
