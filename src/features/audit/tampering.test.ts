import { randomBytes, randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.ts';
import { printResult, seededRandom, testScale, testSeed } from '../../../test/harness/result.ts';
import { systemClock } from '../../clock.ts';
import { createAudit } from './audit.ts';

const ENTRIES = 40;
const tenantId = randomUUID();
const lines: string[] = [];

let test: TestDatabase;
let thief: Client;

beforeAll(async () => {
  test = await createTestDatabase();
  // Somebody who may write everything in the database, but does not have the key.
  thief = new Client({ connectionString: test.url });
  await thief.connect();
  await thief.query(`select set_config('app.tenant', $1, false)`, [tenantId]);
});

afterAll(async () => {
  await thief.end();
  await test.drop();
});

it('shows every edit, deletion, reordering and cut, the last against a head that was logged before', async () => {
  const seed = testSeed();
  const random = seededRandom(seed);
  const key = randomBytes(32);
  const log = pino({}, { write: (line: string) => void lines.push(line) });
  const audit = createAudit({ db: test.database, clock: systemClock, log, key: async () => key });
  await test.database.system.insertInto('tenants').values({ id: tenantId, name: 'Birch' }).execute();
  await test.database.asTenant(tenantId, async (trx) => {
    for (let i = 0; i < ENTRIES; i += 1) {
      const details = { number: i, nested: { z: [1, 2.5, null], a: 'x\0y \ud800' }, when: new Date(0) };
      await audit.record(trx, { tenantId, actor: { name: `p${i}` }, action: 'thing.done', subject: `s${i}`, details });
    }
  });
  await audit.logHeads();
  const logged = JSON.parse(lines[0]!) as { entries: number; head: string };
  const anchor = { sequence: logged.entries, hash: logged.head };
  expect(await audit.verifyChain(tenantId, anchor)).toMatchObject({
    intact: true,
    entries: ENTRIES,
    head: logged.head,
  });
  await thief.query('create temp table kept_entries as select * from audit_entries');
  await thief.query('create temp table kept_heads as select * from audit_heads');

  const rounds = 200 * testScale();
  const missed: string[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const kind = KINDS[round % KINDS.length]!;
    await TAMPER[kind](random);
    if ((await audit.verifyChain(tenantId, anchor)).intact) missed.push(`${kind}, round ${round}, seed ${seed}`);
    await restore();
  }
  expect(await audit.verifyChain(tenantId, anchor)).toMatchObject({ intact: true, entries: ENTRIES });
  printResult({
    id: 'S25',
    value: rounds - missed.length,
    unit: `of ${rounds} tamperings found`,
    goal: '1,000 of 1,000',
    floor: '990 of 1,000',
    pass: missed.length === 0,
    n: rounds,
    seed,
  });
  expect(missed).toEqual([]);
});

type Tampering = (random: () => number) => Promise<void>;

const pick = (random: () => number, least = 1) => least + Math.floor(random() * (ENTRIES - least + 1));
const run = async (statement: string, values: unknown[] = []) => void (await thief.query(statement, values));

const EDITS = [
  `actor = actor || 'x'`,
  `action = 'other.done'`,
  `subject = 'other'`,
  `at = at + interval '1 microsecond'`,
  `correlation_id = correlation_id || '0'`,
  `details = '{"number": -1}'`,
  'details = null',
  `details = jsonb_set(details, '{nested,z,1}', '2.25')`,
  `hash = sha256('x')`,
  `previous_hash = sha256('x')`,
  'sequence = sequence + 1000',
];

const APPEND = `insert into audit_entries
  (tenant_id, actor, action, subject, correlation_id, previous_hash, hash, sequence)
  select tenant_id, 'x', 'y', 'z', 'c', hash, sha256('x'), sequence + 1 from audit_entries where sequence = $1`;

const TAMPER = {
  edit: (random) =>
    run(`update audit_entries set ${EDITS[Math.floor(random() * EDITS.length)]} where sequence = $1`, [pick(random)]),
  delete: (random) => run('delete from audit_entries where sequence = $1', [pick(random)]),
  'delete and close the gap': async (random) => {
    const gone = pick(random);
    await run('delete from audit_entries where sequence = $1', [gone]);
    for (let i = gone + 1; i <= ENTRIES; i += 1) {
      await run('update audit_entries set sequence = sequence - 1 where sequence = $1', [i]);
    }
    await run('update audit_heads set sequence = sequence - 1');
  },
  reorder: async (random) => {
    const one = pick(random);
    const two = (one % ENTRIES) + 1;
    await run('update audit_entries set sequence = -1 where sequence = $1', [one]);
    await run('update audit_entries set sequence = $1 where sequence = $2', [one, two]);
    await run('update audit_entries set sequence = $1 where sequence = -1', [two]);
  },
  'swap contents': async (random) => {
    const one = pick(random);
    await run(
      `update audit_entries a set actor = b.actor, subject = b.subject, details = b.details from audit_entries b
       where (a.sequence, b.sequence) in (($1::bigint, $2::bigint), ($2::bigint, $1::bigint))`,
      [one, (one % ENTRIES) + 1],
    );
  },
  cut: (random) => run('delete from audit_entries where sequence >= $1', [pick(random)]),
  'cut and set the head back': async (random) => {
    const last = pick(random) - 1;
    await run('delete from audit_entries where sequence > $1', [last]);
    const hash =
      last === 0 ? `'\\x${'00'.repeat(32)}'::bytea` : `(select hash from audit_entries where sequence = ${last})`;
    await run(`update audit_heads set sequence = $1, hash = ${hash}`, [last]);
  },
  'append beyond the head': () => run(APPEND, [ENTRIES]),
  append: async () => {
    await run(APPEND, [ENTRIES]);
    await run(`update audit_heads set sequence = $1, hash = sha256('x')`, [ENTRIES + 1]);
  },
} satisfies Record<string, Tampering>;

const KINDS = Object.keys(TAMPER) as (keyof typeof TAMPER)[];

async function restore(): Promise<void> {
  await run('delete from audit_entries');
  await run('insert into audit_entries overriding system value select * from kept_entries');
  await run(
    'update audit_heads h set sequence = k.sequence, hash = k.hash from kept_heads k where k.tenant_id = h.tenant_id',
  );
}
