import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collect } from '../../test/harness/collect.ts';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.ts';
import { backupDatabase } from './backup.ts';
import { connectDatabase } from './connect.ts';
import { migrate } from './migrate.ts';
import { copyDatabase, restoreDatabase } from './restore.ts';

const TENANT = randomUUID();
const OTHER = randomUUID();
let source: TestDatabase;

beforeAll(async () => {
  source = await createTestDatabase();
  for (const id of [TENANT, OTHER]) {
    await source.database.system
      .insertInto('tenants')
      .values({ id, name: `Tenant "${id}"\t\\ ü` })
      .execute();
  }
});

afterAll(async () => {
  await source.drop();
});

describe('a backup', () => {
  it('holds every change that was acknowledged before it began, though others are written meanwhile', async () => {
    const empty = await createTestDatabase({ isEmpty: true });
    const writing = writeUntilTold();
    await writing.hasWritten(200);
    const acknowledged = writing.acknowledged();
    const file = await collect((out) => backupDatabase(source.url, out));
    const written = await writing.end();
    const report = await restoreDatabase(empty.url, Readable.from(file));

    const restored = new Set(await readKeys(empty));
    const lost = acknowledged.filter((key) => !restored.has(key));
    const invented = [...restored].filter((key) => !written.includes(key));
    console.log(`RESULT R41 acknowledged rows lost ${lost.length} of ${acknowledged.length} (limit 0)`);
    expect({ lost, invented }).toEqual({ lost: [], invented: [] });
    expect(report.rows).toBeGreaterThanOrEqual(acknowledged.length);
    expect(await empty.database.system.selectFrom('tenants').select('name').orderBy('name').execute()).toEqual(
      await source.database.system.selectFrom('tenants').select('name').orderBy('name').execute(),
    );
    await empty.drop();
  });

  it('carries much more than fits into one message without changing a byte', async () => {
    const [full, empty] = [await createTestDatabase(), await createTestDatabase({ isEmpty: true })];
    await asOwner(
      full.url,
      `with owner as (insert into tenants (name) values ('many') returning id)
       insert into effects (tenant_id, key, kind, state, correlation_id, outcome)
       select id, 'key ' || n, 'k', 'done', md5(n::text), jsonb_build_object('text', repeat(md5(n::text), n % 40))
       from owner, generate_series(1, 20000) n`,
    );
    await copyDatabase(full.url, empty.url);
    expect(await digestOfEffects(empty.url)).toEqual(await digestOfEffects(full.url));
    await Promise.all([full.drop(), empty.drop()]);
  });

  it('restores into a database in which tenants are as separate and counters as far as before', async () => {
    const empty = await createTestDatabase({ isEmpty: true });
    await addAudit(source, 'before');
    await copyDatabase(source.url, empty.url);
    await addAudit(empty, 'after');
    const entries = await empty.database.asTenant(TENANT, (trx) =>
      trx.selectFrom('audit_entries').select('action').orderBy('id').execute(),
    );
    expect(entries.map((entry) => entry.action)).toEqual(['before', 'after']);
    expect(await empty.database.system.selectFrom('audit_entries').select('id').execute()).toEqual([]);
    await empty.drop();
  });

  it('restores into a database that has every index it had before', async () => {
    const empty = await createTestDatabase({ isEmpty: true });
    await copyDatabase(source.url, empty.url);
    const indexes = `select string_agg(pg_get_indexdef(indexrelid), ';' order by pg_get_indexdef(indexrelid)) as all
      from pg_index i join pg_class c on c.oid = i.indrelid where c.relnamespace = 'public'::regnamespace and i.indisvalid`;
    expect(await asOwner(empty.url, indexes)).toEqual(await asOwner(source.url, indexes));
    await empty.drop();
  });

  it('is refused, with nothing changed, when it was cut short, was changed, or the database is not empty', async () => {
    const empty = await createTestDatabase({ isEmpty: true });
    const file = await collect((out) => backupDatabase(source.url, out));
    const cut = restoreDatabase(empty.url, Readable.from([file.subarray(0, file.length - 40)]));
    await expect(cut).rejects.toThrow('incomplete');
    await expect(restoreDatabase(empty.url, Readable.from([Buffer.from('hello')]))).rejects.toThrow('backup');
    expect(await empty.database.system.selectFrom('tenants').select('id').execute()).toEqual([]);
    await expect(restoreDatabase(source.url, Readable.from([file]))).rejects.toThrow('not empty');
    await restoreDatabase(empty.url, Readable.from([file]));
    await empty.drop();
  });

  it('is whole also for an owner whom row-level security binds, as at most providers', async () => {
    const [from, to] = [await ownedByPlainRole(), await ownedByPlainRole()];
    await migrate({ url: from.url, log: { info: () => {} } });
    const database = connectDatabase({
      url: from.url,
      applicationName: 'ava-test',
      role: 'ava_app',
      maxConnections: 4,
    });
    for (const id of [TENANT, OTHER]) {
      await database.system.insertInto('tenants').values({ id, name: id }).execute();
      await database.asTenant(id, (trx) => trx.insertInto('effects').values(effect(id, 'kept')).execute());
    }
    await database.close();
    await copyDatabase(from.url, to.url);
    for (const id of [TENANT, OTHER]) expect(await readKeys(to, id)).toEqual(['kept']);
    expect(await to.database.system.selectFrom('effects').select('id').execute()).toEqual([]);
    await Promise.all([from.drop(), to.drop()]);
  });
});

async function digestOfEffects(url: string): Promise<unknown> {
  return await asOwner(
    url,
    `select count(*) as rows, md5(string_agg(md5(e::text), '' order by tenant_id, key)) as digest from effects e`,
  );
}

async function asOwner(url: string, text: string): Promise<unknown> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows[0];
  } finally {
    await client.end();
  }
}

function effect(tenantId: string, key: string) {
  return {
    tenant_id: tenantId,
    key,
    kind: 'test',
    state: 'done',
    correlation_id: 'backup',
    outcome: '{"a":"\\\\n\\t"}',
  };
}

function writeUntilTold() {
  const keys: string[] = [];
  const told = new AbortController();
  const running = (async () => {
    while (!told.signal.aborted) {
      const key = randomUUID();
      await source.database.asTenant(TENANT, (trx) => trx.insertInto('effects').values(effect(TENANT, key)).execute());
      keys.push(key);
    }
  })();
  return {
    acknowledged: () => [...keys],
    async hasWritten(count: number) {
      while (keys.length < count) await new Promise((resolve) => setImmediate(resolve));
    },
    async end() {
      told.abort();
      await running;
      return keys;
    },
  };
}

async function readKeys(test: TestDatabase, tenantId = TENANT): Promise<string[]> {
  const rows = await test.database.asTenant(tenantId, (trx) => trx.selectFrom('effects').select('key').execute());
  return rows.map((row) => row.key);
}

async function addAudit(test: TestDatabase, action: string): Promise<void> {
  const hash = Buffer.alloc(32);
  const fixed = { tenant_id: TENANT, actor: 'a', subject: 's', correlation_id: 'c', previous_hash: hash, hash };
  await test.database.asTenant(TENANT, (trx) =>
    trx
      .insertInto('audit_entries')
      .values({ ...fixed, action, sequence: action === 'before' ? 1 : 2 } as never)
      .execute(),
  );
}

async function ownedByPlainRole(): Promise<TestDatabase> {
  const test = await createTestDatabase({ isEmpty: true });
  const owner = new Client({ connectionString: test.url });
  await owner.connect();
  const url = new URL(test.url);
  const name = url.pathname.slice(1);
  const role = `plain_${name}`;
  await owner.query(`create role ${role} login createrole password 'plain'`);
  await owner.query(`grant ava_app, ava_directory to ${role} with admin option`);
  await owner.query(`alter database ${name} owner to ${role}`);
  await owner.end();
  url.username = role;
  url.password = 'plain';
  return { ...test, url: url.href };
}
