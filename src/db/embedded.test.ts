import { spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { until } from '../../test/harness/until.ts';
import { canReach, chooseRunner } from './embedded/place.ts';
import { isAlive } from './embedded/postmaster.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const isRoot = process.getuid?.() === 0;
const held: EmbeddedPostgres[] = [];
const folders: string[] = [];
const killed: { kill(signal: NodeJS.Signals): unknown }[] = [];

afterEach(async () => {
  for (const child of killed.splice(0)) child.kill('SIGKILL');
  for (const embedded of held.splice(0)) await embedded.stop();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

describe('the embedded database', () => {
  it('runs PostgreSQL 18 on the loopback alone, behind a password, and forces commits to the disk', async () => {
    const embedded = await start(newFolder());
    const settings = await ask(
      embedded.url,
      `select name, setting from pg_settings where name in
       ('fsync', 'listen_addresses', 'unix_socket_directories', 'password_encryption', 'server_version_num')`,
    );
    const values = Object.fromEntries(settings.map((row) => [row['name'], row['setting']]));
    const { server_version_num: version, ...rest } = values;
    expect(Number(version)).toBeGreaterThanOrEqual(180_000);
    expect(rest).toEqual({
      fsync: 'on',
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      password_encryption: 'scram-sha-256',
    });
    expect(statSync(path.join(embedded.where, 'ava-password')).mode & 0o777).toBe(0o600);
    const wrong = new URL(embedded.url);
    wrong.password = 'guess';
    await expect(ask(wrong.href, 'select 1')).rejects.toThrow('password authentication failed');
  });

  it('is one and the same for commands that start at once, and ends with the last of them', async () => {
    const folder = newFolder();
    const both = await Promise.all([start(folder), start(folder)]);
    expect(both[0].url).toBe(both[1].url);
    expect(new Set(both.map((one) => one.attached))).toEqual(new Set([false, true]));
    const pid = both[0].pid();
    await both[0].stop();
    expect(await ask(both[1].url, 'select 1 as one')).toEqual([{ one: 1 }]);
    await both[1].stop();
    await until('the server has ended', () => !isAlive(pid ?? 0));
  });

  it('comes back on the same address after it was killed, with everything that was committed', async () => {
    const embedded = await start(newFolder());
    await ask(embedded.url, 'create table kept (n integer)');
    await ask(embedded.url, 'insert into kept select generate_series(1, 1000)');
    const before = embedded.pid();
    process.kill(before ?? 0, 'SIGKILL');
    const rows = await eventually(() => ask(embedded.url, 'select count(*)::int as n from kept'));
    expect(rows).toEqual([{ n: 1000 }]);
    expect(embedded.pid()).not.toBe(before);
  });

  it('is joined by the next command when the process that started it was killed', async () => {
    const folder = newFolder();
    const holder = await holdElsewhere(folder);
    holder.kill('SIGKILL');
    const embedded = await start(folder);
    expect(embedded).toMatchObject({ attached: true, url: holder.url });
  });

  it('is taken over by another process when the one that revives it has been killed together with it', async () => {
    const folder = newFolder();
    const holder = await holdElsewhere(folder);
    const embedded = await start(folder);
    holder.kill('SIGKILL');
    process.kill(holder.postgres, 'SIGKILL');
    expect(await eventually(() => ask(embedded.url, 'select 1 as one'))).toEqual([{ one: 1 }]);
  });

  it('starts although its lock names a process that lives but is no database', async () => {
    const folder = newFolder();
    const first = await start(folder);
    await first.stop();
    // Of the same user: PostgreSQL itself passes over the processes of others.
    const stranger = spawn('sleep', ['60'], { stdio: 'ignore', ...(isRoot && { uid: statSync(first.where).uid }) });
    killed.push(stranger);
    const lock = `${stranger.pid}\n${first.where}\n0\n5432\n\n127.0.0.1\n0\nready\n`;
    writeFileSync(path.join(first.where, 'postmaster.pid'), lock);
    const again = await start(folder);
    expect(again.attached).toBe(false);
    expect(await ask(again.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  });
});

describe.runIf(isRoot)('the embedded database of root', () => {
  it('lives where its lesser user can walk to, says so, and starts afresh with a new data directory', async () => {
    const hidden = newFolder();
    chmodSync(hidden, 0o700);
    const lines: string[] = [];
    const log = { info: (_: object, line: string) => lines.push(line), warn: () => {} };
    const dataDir = path.join(hidden, '.ava');
    const first = await startEmbeddedPostgres({ dataDir, log });
    held.push(first);
    folders.push(path.dirname(first.where));
    const home = readFileSync(path.join(dataDir, 'postgres.location'), 'utf8').trim();
    expect(first.where).toBe(path.join(home, 'cluster'));
    expect(canReach(first.where, chooseRunner(home) ?? { name: '', uid: 0, gid: 0 })).toBe(true);
    expect(lines.filter((line) => line.includes(home))).toHaveLength(1);
    await ask(first.url, 'create table kept (n integer)');
    await first.stop();

    const second = await start(dataDir);
    expect(await ask(second.url, 'select from kept')).toEqual([]);
    await second.stop();

    rmSync(dataDir, { recursive: true });
    const third = await start(dataDir);
    folders.push(path.dirname(third.where));
    await expect(ask(third.url, 'select from kept')).rejects.toThrow('does not exist');
  });

  const nobody = { name: 'nobody', uid: 65_534, gid: 65_534 };
  it.runIf(isRoot && canReach(repository, nobody))(
    'is, for an ordinary user, simply in the data directory',
    async () => {
      const folder = newFolder();
      chownSync(folder, nobody.uid, nobody.gid);
      const dataDir = path.join(folder, '.ava');
      const holder = await holdElsewhere(dataDir, nobody);
      expect(holder.where).toBe(path.join(dataDir, 'postgres', 'cluster'));
      expect(statSync(holder.where).uid).toBe(nobody.uid);
      const joined = await start(dataDir);
      expect(joined).toMatchObject({ attached: true, url: holder.url });
    },
  );
});

async function start(dataDir: string): Promise<EmbeddedPostgres> {
  const embedded = await startEmbeddedPostgres({ dataDir, log: { info: () => {}, warn: () => {} } });
  held.push(embedded);
  return embedded;
}

function newFolder(): string {
  const folder = mkdtempSync(path.join(inject('testRunDir'), 'embedded-'));
  chmodSync(folder, 0o755);
  folders.push(folder);
  return folder;
}

async function holdElsewhere(dataDir: string, user?: { uid: number; gid: number }) {
  const program = path.join(repository, 'test', 'harness', 'embedded-holder.ts');
  const child = spawn(process.execPath, [program, dataDir], {
    ...(user && { uid: user.uid, gid: user.gid }),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  killed.push(child);
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString()));
    child.once('exit', () => reject(new Error('the holder ended before it held anything')));
  });
  const { url, where, pid } = JSON.parse(line) as { url: string; where: string; pid: number };
  killed.push({ kill: () => isAlive(pid) && process.kill(pid, 'SIGKILL') });
  return { url, where, postgres: pid, kill: (signal: NodeJS.Signals) => child.kill(signal) };
}

async function ask(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    return (await client.query(text)).rows as Record<string, unknown>[];
  } finally {
    await client.end().catch(() => {});
  }
}

async function eventually<T>(act: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await act();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
}
