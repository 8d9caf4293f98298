import { Client } from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.ts';
import { makeCaller } from '../../../test/harness/tenant.ts';
import { systemClock } from '../../clock.ts';
import { createCalls } from '../calls/calls.ts';
import { createTimeline } from './timeline.ts';

const CALLS = 12;
const EVENTS = 2_100;
let test: TestDatabase;
let tenantId: string;

beforeAll(async () => {
  test = await createTestDatabase();
  ({ tenantId } = await makeCaller(test.database));
  const owner = new Client({ connectionString: test.url });
  await owner.connect();
  await owner.query(
    `insert into calls (tenant_id, direction, status, started_at)
     select $1, 'inbound', 'ended', now() - make_interval(mins => n) from generate_series(1, $2::int) n`,
    [tenantId, CALLS],
  );
  await owner.query(
    `insert into call_events (tenant_id, call_id, key, at, source, name, facts, correlation_id)
     select $1, c.id, 'event ' || n, now() + make_interval(secs => n), 'vapi', 'status-update:in-progress', '{}', 'flood'
     from calls c, generate_series(1, $2::int) n where c.tenant_id = $1`,
    [tenantId, EVENTS],
  );
  await owner.end();
});

afterAll(() => test.drop());

function callsOf({ database: db }: TestDatabase) {
  const nothing = { publish: () => {}, afterCall: async () => {}, additions: async () => [] };
  return createCalls({ db, clock: systemClock, ...nothing });
}

it('reads of a flood that carries one id as much as of anything, and says so', async () => {
  const timeline = createTimeline({ db: test.database, calls: callsOf(test) });
  const ask = { tenantId, id: 'flood', seesAudit: true, isOperator: false, limit: 200 };
  const story = await timeline.story(ask);
  expect(story).toMatchObject({ truncated: true, calls: Array.from({ length: 10 }, () => ({ status: 'ended' })) });
  let [{ entries, next_cursor: cursor }, told] = [story, story.entries.length];
  while (cursor !== null) {
    ({ entries, next_cursor: cursor } = await timeline.story({ ...ask, cursor }));
    told += entries.length;
  }
  expect(told).toBe(500);
});

it('tells of a flooded call the first 2,000 entries', async () => {
  const [call] = (await callsOf(test).list(tenantId, { limit: 1 })).calls;
  const entries = await callsOf(test).timeline(tenantId, call!.id);
  expect(entries).toHaveLength(2_000);
  expect(entries.map(({ at }) => at)).toEqual(entries.map(({ at }) => at).sort());
});
