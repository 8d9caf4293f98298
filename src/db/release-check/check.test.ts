import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Kysely, sql } from 'kysely';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.ts';
import { until } from '../../../test/harness/until.ts';
import { migrate, MigrationRefused, readMigrationState, refuseIfGone } from '../migrate.ts';
import type { Contract, Migrations } from '../migrations/released.ts';
import { MIGRATIONS } from '../migrations/index.ts';
import { createReplicaBeat } from '../replicas.ts';
import { checkRelease } from './check.ts';

const MAIN = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
const log = { info: () => {} };
const release = { version: '1.0.0', commit: 'abc', startedAt: new Date() };

let database: TestDatabase;
let owner: Client;

beforeEach(async () => {
  database = await createTestDatabase({ maxConnections: 4 });
  owner = new Client({ connectionString: database.url });
  await owner.connect();
});

afterEach(async () => {
  await owner.end();
  await database.drop();
});

/** The released list, and after it these statements, one migration each. */
function listWith(extra: Record<string, string | { sql: string; contract: Contract }>): Migrations {
  const more = Object.entries(extra).map(([name, given]) => {
    const text = typeof given === 'string' ? given : given.sql;
    const up = async (db: Kysely<unknown>) => {
      for (const statement of text.split(';')) if (statement.trim()) await sql.raw(statement).execute(db);
    };
    return [name, { up, ...(typeof given === 'object' && { contract: given.contract }) }] as const;
  });
  return { ...MIGRATIONS, ...Object.fromEntries(more) };
}

const runs = (knows: string[], version = '1.0.0') =>
  createReplicaBeat({ db: database.database, release: { ...release, version }, knows });

const known = Object.keys(MIGRATIONS);

describe('a release is refused when a version that runs could not live with its schema', { timeout: 300_000 }, () => {
  it('whatever the migrations do to what is there: it is seen in what they did, not believed', async () => {
    const dangerous: Record<string, [string, string]> = {
      '9001': ['alter table calls drop column summary', 'column calls.summary'],
      '9002': ['alter table calls rename column recording to tape', 'column calls.recording'],
      '9003': ['alter table tenants rename to businesses', 'table tenants'],
      '9004': ['drop table call_budgets', 'table call_budgets'],
      '9005': ['alter table calls alter column duration_seconds type bigint', 'column calls.duration_seconds'],
      '9006': ['alter table calls alter column outcome set not null', 'column calls.outcome'],
      '9007': ['alter table assistants add column color text not null', 'column assistants.color'],
      '9008': ['alter table calls alter column updated_at drop default', 'column calls.updated_at'],
      '9009': ["alter table calls add constraint known check (status <> '')", 'constraint calls.known'],
      '9010': ['create unique index one_sid on webhook_quarantine (vendor, type)', 'index one_sid'],
      '9011': ['alter table effects drop constraint effects_tenant_id_key_key', 'index effects_tenant_id_key_key'],
      '9012': ['drop function webhook_counts()', 'function webhook_counts()'],
      '9013': ['revoke update on calls from ava_app', 'table calls'],
      '9014': ['drop policy tenant on call_links', 'policy call_links.tenant'],
      '9015': ['drop sequence routing_version cascade', 'sequence routing_version'],
    };
    const list = listWith(Object.fromEntries(Object.entries(dangerous).map(([name, [text]]) => [name, text])));
    const checked = await checkRelease(database.url, list);
    expect(checked.fits).toBe(false);
    for (const [name, [, what]] of Object.entries(dangerous)) {
      const found = checked.problems.filter(({ migration }) => migration === name).map(({ remedy }) => remedy);
      expect(found.join(), name).toContain(`"${what}"`);
    }
    const after = await readMigrationState(database.url, list);
    expect(after.pending).toEqual(Object.keys(dangerous));
  });

  it('and not when they only add, also rules for what they add', async () => {
    const list = listWith({
      '9001': `alter table calls add column mood text check (mood in ('glad', 'sad'));
        alter table call_texts add column mood text;
        create unique index moods on call_texts (tenant_id, mood);
        create table notes (id uuid primary key, text text not null);
        alter table assistants add column color text not null default 'blue'`,
      '9002': 'create index calls_by_mood on calls (tenant_id, mood)',
    });
    await runs(known).beat();
    const checked = await checkRelease(database.url, list);
    expect(checked.problems).toEqual([]);
    expect(checked).toMatchObject({ fits: true, pending: ['9001', '9002'] });
    expect(checked.running).toEqual([{ version: '1.0.0', commit: 'abc', replicas: 1 }]);
  });

  it('and not when a list of allowed words gets longer; but when it gets shorter', async () => {
    const allow = (words: string) => `alter table effects drop constraint effects_state_check;
      alter table effects add constraint effects_state_check check (state in (${words}))`;
    const all = `'planned', 'started', 'done', 'refused', 'unknown', 'given_up'`;
    const longer = await checkRelease(database.url, listWith({ '9001': allow(`${all}, 'asleep'`) }));
    expect(longer.problems).toEqual([]);
    const shorter = await checkRelease(database.url, listWith({ '9001': allow(`'planned', 'done'`) }));
    expect(shorter.problems[0]?.remedy).toContain('"constraint effects.effects_state_check"');
  });

  it('and the migrations of this version since the first ones are no such', async () => {
    const first = await createTestDatabase({ isEmpty: true });
    const FIRST = '0006-rotation';
    const old = Object.fromEntries(Object.entries(MIGRATIONS).filter(([name]) => name <= FIRST));
    await migrate({ url: first.url, log, migrations: old });
    expect((await checkRelease(first.url)).problems).toEqual([]);
    await first.drop();
  });

  it('when a large table would stand still; an index that was built by hand before is fine', async () => {
    await owner.query(`alter table call_events disable trigger all`);
    await owner.query(`insert into tenants (id, name) values (gen_random_uuid(), 'Birch')`);
    await owner.query(`insert into call_events (tenant_id, call_id, key, at, source, name, facts)
      select t.id, gen_random_uuid(), n::text, now(), 'ava', 'rang', '{}' from tenants t, generate_series(1, 120000) n`);
    await owner.query('analyze call_events');
    const list = listWith({
      '9001': 'create index if not exists events_by_name on call_events (tenant_id, name)',
      '9002': 'alter table call_events add column dice double precision not null default random()',
    });
    const first = await checkRelease(database.url, list);
    expect(first.problems.map(({ migration }) => migration)).toEqual(['9001', '9002']);
    expect(first.problems[0]?.remedy).toContain('concurrently');
    await owner.query('create index concurrently events_by_name on call_events (tenant_id, name)');
    const second = await checkRelease(database.url, list);
    expect(second.problems.map(({ migration }) => migration)).toEqual(['9002']);
  });

  it('also where the role may make no database to try it in', async () => {
    await owner.query(`create role lean_owner login password 'lean' nocreatedb`);
    const lean = new URL(database.url);
    lean.username = 'lean_owner';
    lean.password = 'lean';
    await owner.query('grant select on kysely_migration, replicas, schema_contracts to lean_owner');
    const list = listWith({ '9001': 'alter table calls drop column summary' });
    const checked = await checkRelease(lean.href, list);
    expect(checked.problems[0]?.problem).toContain('drops column calls.summary');
    await owner.query('drop owned by lean_owner');
    await owner.query('drop role lean_owner');
  });
});

describe('what is taken away by declaration', { timeout: 300_000 }, () => {
  const contract = { after: '9001-stop-using-summary', takes: ['column calls.summary'] };
  const expand = { '9001-stop-using-summary': '' };
  const whole = listWith({
    ...expand,
    '9002-drop-summary': { sql: 'alter table calls drop column summary', contract },
  });

  it('goes when nobody who runs needs it any more, and not before', async () => {
    await migrate({ url: database.url, log, migrations: listWith(expand) });
    const old = runs(known);
    await old.beat();
    await runs([...known, contract.after], '1.1.0').beat();
    const refused = await checkRelease(database.url, whole);
    expect(refused.problems).toHaveLength(1);
    expect(refused.problems[0]?.problem).toContain('1 running replica(s) of 1.0.0 (abc) still need');
    await expect(migrate({ url: database.url, log, migrations: whole })).rejects.toThrow(MigrationRefused);

    await old.leave();
    expect((await checkRelease(database.url, whole)).problems).toEqual([]);
    expect(await migrate({ url: database.url, log, migrations: whole })).toEqual(['9002-drop-summary']);
  });

  it('keeps a version from starting that comes back and would need it', async () => {
    await migrate({ url: database.url, log, migrations: whole });
    await expect(refuseIfGone(database.url, MIGRATIONS)).rejects.toThrow('column calls.summary');
    expect((await checkRelease(database.url, MIGRATIONS)).fits).toBe(false);
    await refuseIfGone(database.url, listWith(expand));
  });

  it('is refused when more is taken than was declared', async () => {
    const more = listWith({
      ...expand,
      '9002': { sql: 'alter table calls drop column summary, drop column recording', contract },
    });
    const { problems } = await checkRelease(database.url, more);
    expect(problems.map(({ problem }) => problem).join()).toContain('drops column calls.recording');
    expect(problems).toHaveLength(1);
  });

  it('is nobody’s any more when a replica was killed and has not been heard of for a minute', async () => {
    await runs(known).beat();
    await owner.query(`update replicas set seen_at = now() - interval '2 minutes'`);
    expect((await checkRelease(database.url, whole)).problems).toEqual([]);
  });
});

describe('a migration that meets those who use a table', { timeout: 300_000 }, () => {
  it('lets go of its place in the queue, so that they go on, and comes again', async () => {
    const list = listWith({ '9001': 'alter table calls add column mood text' });
    await owner.query('begin');
    await owner.query('select from calls limit 1');
    const waits: string[] = [];
    const patient = { info: (_: object, line: string) => waits.push(line) };
    const migrating = migrate({ url: database.url, log: patient, migrations: list, lockTimeoutMs: 50 });
    await until('it has let go twice', () => waits.length >= 2);
    await owner.query('commit');
    expect(await migrating).toEqual(['9001']);
  });
});

describe('ava migrate', { timeout: 300_000 }, () => {
  it('says with --check that this version may be released, as a sentence and as JSON', async () => {
    const env = { PATH: process.env['PATH'] ?? '', AVA_ENV: 'test', DATABASE_URL: database.url };
    const run = (...args: string[]) =>
      new Promise<{ code: number; stdout: string }>((resolve) =>
        execFile(process.execPath, [MAIN, 'migrate', ...args], { env }, (error, stdout) =>
          resolve({ code: Number(error?.code ?? 0), stdout }),
        ),
      );
    const told = await run('--check');
    expect(told).toEqual({ code: 0, stdout: 'This version may be released. Nothing is pending.\n' });
    await owner.query(`insert into schema_contracts (name, after, takes) values ('9002', '9001', '{table gone}')`);
    const refused = await run('--check', '--json');
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.stdout)).toMatchObject({ fits: false, problems: [{ migration: '9002' }] });
  });
});
