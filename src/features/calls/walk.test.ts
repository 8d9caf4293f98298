import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.ts';
import { seededRandom, testSeed } from '../../../test/harness/result.ts';
import { makeMonths, monthlyId, monthOf, startOfMonth } from '../../db/months.ts';
import { type CallFilter, listCalls } from './store.ts';
import { beginOf } from './walk.ts';

const NOW = new Date();
const THIS_MONTH = monthOf(NOW);
const MONTHS = 40;
const OF_TENANT = 500;
const LISTS = 150;

type Known = { id: string; started: Date; status: string; outcome: string; from: string; to: string };

const seed = testSeed();
const random = seededRandom(seed);
const oneOf = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)]!;
const tenantId = randomUUID();
const known: Known[] = Array.from({ length: OF_TENANT }, inventCall).sort(
  (a, b) => b.started.getTime() - a.started.getTime() || (a.id < b.id ? 1 : -1),
);

let test: TestDatabase;

beforeAll(async () => {
  test = await createTestDatabase();
  const owner = new Client({ connectionString: test.url });
  await owner.connect();
  // Some months have a partition, others have not.
  await owner.query('begin');
  await makeMonths(
    (text) => owner.query(text),
    'calls',
    Array.from({ length: MONTHS / 2 }, (_, ago) => THIS_MONTH - 2 * ago),
  );
  await owner.query('commit');
  await owner.end();
  await test.database.system.insertInto('tenants').values({ id: tenantId, name: 'Elm Street Clinic' }).execute();
  await test.database.asTenant(tenantId, (trx) =>
    trx
      .insertInto('calls')
      .values(
        known.map(({ id, started, status, outcome, from, to }) => ({
          ...{ tenant_id: tenantId, id, direction: 'inbound', status, outcome, started_at: started },
          ...{ from_number: from, to_number: to },
        })) as never,
      )
      .execute(),
  );
});
afterAll(() => test.drop());

/** Of the month of its id or of the one before, also at the very edges; or with an id from before there were months. */
function inventCall(): Known {
  const month = THIS_MONTH - Math.floor(random() * MONTHS);
  const [from, to] = [startOfMonth(month).getTime(), startOfMonth(month + 1).getTime()];
  const at = oneOf([from, to - 1, from + Math.floor(random() * (to - from))]);
  const id = oneOf([randomUUID(), monthlyId(startOfMonth(month)), monthlyId(startOfMonth(month + 1))]);
  const person = () => oneOf(['+12025550101', '+12025550102', '+12025550103']);
  const [status, outcome] = [oneOf(['ended', 'ended', 'ended', 'ringing']), random() < 0.02 ? 'failed' : 'ai'];
  return { id, started: new Date(at), status, outcome, from: person(), to: person() };
}

function inventFilter(): CallFilter {
  const maybe = <T>(value: () => T): T | undefined => (random() < 0.4 ? value() : undefined);
  const place = oneOf(known);
  return {
    status: maybe(() => oneOf(['ended', 'ringing'])),
    outcome: maybe(() => oneOf(['ai', 'failed', 'nobody'])),
    phoneNumber: maybe(() => oneOf(['+12025550101', '+12025550109'])),
    fromTime: maybe(() => oneOf(known).started),
    toTime: maybe(() => oneOf([oneOf(known).started, new Date('9999-12-31T00:00:00Z')])),
    before: maybe(() => ({ time: place.started, id: place.id })),
    most: oneOf([1, 7, 51, OF_TENANT]),
    now: NOW,
  };
}

function expected({ status, outcome, phoneNumber, fromTime, toTime, before, most }: CallFilter): string[] {
  return known
    .filter((call) => status === undefined || call.status === status)
    .filter((call) => outcome === undefined || call.outcome === outcome)
    .filter((call) => phoneNumber === undefined || call.from === phoneNumber || call.to === phoneNumber)
    .filter((call) => fromTime === undefined || call.started >= fromTime)
    .filter((call) => toTime === undefined || call.started < toTime)
    .filter((call) => before === undefined || isBefore(call, before))
    .slice(0, most)
    .map((call) => call.id);
}

function isBefore(call: Known, { time, id }: { time: Date; id: string }): boolean {
  return call.started < time || (call.started.getTime() === time.getTime() && call.id < id);
}

const list = async (filter: CallFilter) =>
  (await test.database.asTenant(tenantId, (trx) => listCalls(trx, tenantId, filter))).rows.map((row) => row.id);

describe('the way back through the months', () => {
  it(`finds what one table would, in the same order, whatever is asked for (seed ${seed})`, async () => {
    for (let n = 0; n < LISTS; n += 1) {
      const filter = inventFilter();
      expect(await list(filter), JSON.stringify(filter)).toEqual(expected(filter));
    }
  });

  it('asks a few months for a page, also for one of years ago', async () => {
    const isNear = (place: Known, next: Known) => next.started >= startOfMonth(monthOf(place.started) - 1);
    const old = known.find((place, n) => n > OF_TENANT / 2 && n + 1 < OF_TENANT && isNear(place, known[n + 1]!))!;
    for (const before of [undefined, { time: old.started, id: old.id }]) {
      const asked = await test.database.asTenant(tenantId, async (trx) => {
        expect((await listCalls(trx, tenantId, { before, most: 1, now: NOW })).rows).toHaveLength(1);
        // What a statement asks stays locked until the transaction ends.
        const { rows } = await sql<{
          month: string;
        }>`select relname as month from pg_locks join pg_class c on c.oid = relation
          where pid = pg_backend_pid() and relname ~ '^calls_[0-9]{4}_[0-9]{2}$'`.execute(trx);
        return rows.map(({ month }) => month);
      });
      expect(asked.length).toBeLessThanOrEqual(3);
      expect(asked.length).toBeGreaterThan(0);
    }
  });
});

describe('the begin of a call', () => {
  const id = monthlyId(new Date('2026-03-10T00:00:00Z'));

  it('is as early as it was found to be, within the month of its id and the one before', () => {
    for (const time of ['2026-03-09T10:00:00Z', '2026-02-01T00:00:00Z'])
      expect(beginOf(id, new Date(time))).toEqual(new Date(time));
    expect(beginOf(id, new Date('2026-01-31T23:59:59Z'))).toEqual(new Date('2026-02-01T00:00:00Z'));
    expect(beginOf(id, new Date('2030-01-01T00:00:00Z'))).toEqual(new Date('2026-03-31T23:59:59.999Z'));
  });

  it('is free where the id names no month', () => {
    expect(beginOf(randomUUID(), new Date(0))).toEqual(new Date(0));
  });
});
