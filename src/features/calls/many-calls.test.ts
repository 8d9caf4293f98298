import { createHmac } from 'node:crypto';
import { sql } from 'kysely';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.ts';
import { type PrivateApp, startPrivateApp } from '../../../test/harness/private-app.ts';
import { makeCaller } from '../../../test/harness/tenant.ts';
import { systemClock } from '../../clock.ts';
import type { Caller, Role } from '../../http/caller.ts';
import { createAudit } from '../audit/audit.ts';
import { createCalls } from './calls.ts';
import { CALL_FIELDS } from './contract.ts';
import { createCallExport, csvCell } from './export.ts';
import { createReads } from './reads.ts';
import { callRoutes } from './routes.ts';

/** More than one page may look at, and than the index of words may find. */
const CALLS = 9_000;
const CALLS_OF_THE_OTHER = 3_000;
let test: TestDatabase;
let app: PrivateApp;
let caller: Caller;
let role: Role = 'admin';

beforeAll(async () => {
  test = await createTestDatabase();
  const { database: db } = test;
  caller = await makeCaller(db);
  const other = await makeCaller(db);
  await fill(caller.tenantId, CALLS);
  await fill(other.tenantId, CALLS_OF_THE_OTHER, 'zebra');
  const clock = systemClock;
  const log = { info: () => {}, warn: () => {}, error: () => {} } as never;
  const audit = createAudit({ db, clock, log, key: async () => createHmac('sha256', 'audit').digest() });
  const calls = createCalls({ db, clock, publish: () => {}, afterCall: async () => {}, additions: async () => [] });
  const exportCalls = createCallExport({ db, clock, audit });
  app = await startPrivateApp({
    db,
    caller: () => ({ ...caller, role, operator: false }),
    routes: (scope) => callRoutes(scope, { calls, reads: createReads({ db }), exportCalls }),
  });
});

afterAll(async () => {
  await app?.close();
  await test?.drop();
});

/** The calls are a minute apart; the oldest five alone were about a piano, and some of these failed. */
async function fill(tenantId: string, calls: number, extra = ''): Promise<void> {
  const owner = new Client({ connectionString: test.url });
  await owner.connect();
  await owner.query(
    `insert into calls (tenant_id, vapi_call_id, direction, status, outcome, from_number, customer_name, started_at)
     select $1, 'call ' || n, 'inbound', 'ended', case when n % 2 = 0 then 'failed' else 'ai' end, '+4930' || n, $2,
       timestamptz '2026-01-01' - make_interval(mins => n) from generate_series(1, $3::int) n`,
    [tenantId, '=cmd("x"),', calls],
  );
  await owner.query(
    `insert into call_texts (tenant_id, call_id, transcript, messages, search)
     select tenant_id, id, '', '[]', to_tsvector('simple', 'hello ' ||
       case when substr(vapi_call_id, 6)::int > $2::int - 5 then 'piano' else 'phone' end || ' ' || $3) from calls where tenant_id = $1`,
    [tenantId, calls, extra],
  );
  await owner.query('analyze calls; analyze call_texts');
  await owner.end();
}

async function vapiIds(query: string): Promise<string[]> {
  const found: string[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const { body } = await app.call('GET', `/api/v1/calls?${query}${cursor && `&cursor=${cursor}`}`);
    found.push(...body.calls.map((call: { vapi_call_id: string }) => call.vapi_call_id));
    cursor = body.next_cursor;
  }
  return found;
}

const manyWords = (count: number) => Array.from({ length: count }, (_, n) => `+or+none${n}`).join('');
const names = (...numbers: number[]) => numbers.map((n) => `call ${n}`);

describe('a search in very many calls', () => {
  it('finds what only the oldest calls hold, page by page, of this tenant alone', async () => {
    const oldest = names(CALLS - 4, CALLS - 3, CALLS - 2, CALLS - 1, CALLS);
    expect(await vapiIds('q=piano')).toEqual(oldest);
    expect(await vapiIds('q=piano&limit=2')).toEqual(oldest);
    expect(await vapiIds('q=violin')).toEqual([]);
  });

  it('applies every filter before it counts, so that a frequent word hides nothing', async () => {
    expect(await vapiIds('q=piano&outcome=failed')).toEqual(names(CALLS - 4, CALLS - 2, CALLS));
    expect(await vapiIds('q=hello&phone_number=%2B49308999')).toEqual(names(8_999));
    expect(await vapiIds('q=hello&to_time=2025-12-25T18:02:00Z&limit=1')).toEqual(names(8_999, 9_000));
    expect(await vapiIds('q=hello&limit=200')).toEqual(names(...Array.from({ length: CALLS }, (_, i) => i + 1)));
  });

  it('ends a page early where a word that must not be there is everywhere, and goes on behind what it looked at', async () => {
    const first = await app.call('GET', '/api/v1/calls?q=-phone');
    expect(first.body).toEqual({ calls: [], next_cursor: expect.any(String) });
    expect(await vapiIds('q=-phone')).toEqual(names(8_996, 8_997, 8_998, 8_999, 9_000));
    expect(await vapiIds('q=-hello')).toEqual([]);
  });

  it('does the same for a phrase that nobody said though everybody said its words, also where the index counted them', async () => {
    for (const query of ['q=%22phone+hello%22', 'q=%22phone+hello%22&to_time=2025-12-31T00:00:00Z']) {
      const { body } = await app.call('GET', `/api/v1/calls?${query}`);
      expect(body).toEqual({ calls: [], next_cursor: expect.any(String) });
      expect(await vapiIds(query)).toEqual([]);
    }
    expect(await vapiIds('q=%22hello+piano%22')).toEqual(names(8_996, 8_997, 8_998, 8_999, 9_000));
    expect(await vapiIds('q=piano+-hello')).toEqual([]);
  });

  it('finds any of many words, more than the index is asked for', async () => {
    const few = 'q=piano+or+violin';
    expect(await vapiIds(few)).toHaveLength(5);
    const { body } = await app.call('GET', `/api/v1/calls?${few}${'+or+x'.repeat(2)}${manyWords(9)}`);
    expect(body).toEqual({ calls: [], next_cursor: expect.any(String) });
    expect(await vapiIds(`${few}${manyWords(9)}`)).toHaveLength(5);
  });

  it('reads no text of another tenant, however often the word was said there', async () => {
    const found = await test.database.asTenant(caller.tenantId, async (trx) => {
      const { rows } = await sql<{ call_id: string }>`
        select call_id from page_of_calls('zebra', '{}', null, null, 51)`.execute(trx);
      const read = await sql<{ texts: number }>`
        select pg_stat_get_xact_tuples_fetched('call_texts'::regclass) as texts`.execute(trx);
      return { rows, texts: Number(read.rows[0]!.texts) };
    });
    expect(found.rows).toEqual([]);
    // The newest 500 of its own are looked at one by one.
    expect(found.texts).toBeLessThanOrEqual(500);
  });

  it('leaves out what the person has read, and finds what stands behind it', async () => {
    const { body } = await app.call('GET', '/api/v1/calls?q=piano&limit=1');
    expect((await app.call('PUT', `/api/v1/calls/${body.calls[0].id}/read`)).status).toBeLessThan(300);
    expect(await vapiIds('q=piano&unread=true&limit=2')).toEqual(names(CALLS - 3, CALLS - 2, CALLS - 1, CALLS));
    expect(await vapiIds('q=piano&limit=2')).toHaveLength(5);
    expect(await vapiIds('unread=true&limit=200')).toHaveLength(CALLS - 1);
    const read = (await app.call('GET', '/api/v1/calls?q=piano')).body.calls.filter(
      (call: { read: boolean }) => call.read,
    );
    expect(read.map((call: { vapi_call_id: string }) => call.vapi_call_id)).toEqual(names(CALLS - 4));
  });
});

describe('an export of calls', () => {
  it('holds every call of the tenant once, newest first, as one JSON object a line', async () => {
    const answer = await app.call('GET', '/api/v1/calls/export?format=ndjson', undefined, {
      'x-correlation-id': 'out-1',
    });
    expect(answer.headers.get('x-correlation-id')).toBe('out-1');
    const lines = (answer.body as string).trimEnd().split('\n');
    const ids = lines.map((line) => JSON.parse(line).vapi_call_id);
    expect(ids).toEqual(names(...Array.from({ length: CALLS }, (_, i) => i + 1)));
    const listed = await app.call('GET', '/api/v1/calls?limit=1');
    // Whether it was read is the person's who looks at the list, not the call's.
    expect({ ...JSON.parse(lines[0]!), read: false }).toEqual(listed.body.calls[0]);
  });

  it('is a CSV file by default, with the filters of the list, that no spreadsheet runs', async () => {
    const answer = await app.call('GET', '/api/v1/calls/export?q=piano&outcome=failed');
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present');
    expect(answer.headers.get('content-disposition')).toBe('attachment; filename="calls.csv"');
    const [head, ...rows] = (answer.body as string).trimEnd().split('\r\n');
    expect(head).toBe(CALL_FIELDS.join(','));
    expect(rows.map((row) => row.split(',')[1])).toEqual(names(CALLS - 4, CALLS - 2, CALLS));
    expect(rows[0]).toContain(`,+4930${CALLS - 4},,"'=cmd(""x""),",`);
    expect(['-1+1', '@SUM(A1)', '\t=1', '+49 (0)30', '+4930', 'a "b"', 'Ann'].map(csvCell)).toEqual([
      ...["'-1+1", "'@SUM(A1)", "'\t=1", "'+49 (0)30", '+4930', '"a ""b"""', 'Ann'],
    ]);
  });

  it('is for admins, and is written into the audit trail with what was asked for', async () => {
    role = 'editor';
    expect((await app.call('GET', '/api/v1/calls/export')).status).toBe(403);
    role = 'admin';
    const entries = await test.database.asTenant(caller.tenantId, (trx) =>
      trx.selectFrom('audit_entries').select(['actor', 'action', 'details']).orderBy('id').execute(),
    );
    const entry = { actor: caller.email, action: 'calls.exported' };
    expect(entries).toEqual([
      { ...entry, details: { format: 'ndjson', filter: {} } },
      { ...entry, details: { format: 'csv', filter: { q: 'piano', outcome: 'failed' } } },
    ]);
  });

  it('breaks off where the database is lost on the way, and never looks whole', async () => {
    const cut = { ...test.database, lane: () => failingAfter(3) };
    const exportCalls = createCallExport({
      db: cut as never,
      clock: systemClock,
      audit: { record: async () => {} } as never,
    });
    const broken = await startPrivateApp({
      db: test.database,
      caller: () => caller,
      routes: (scope) => callRoutes(scope, { calls: {} as never, reads: {} as never, exportCalls }),
    });
    await expect(broken.call('GET', '/api/v1/calls/export')).rejects.toThrow(/terminated|fetch failed/);
    await broken.close();
  });
});

/** A lane whose database goes away after so many transactions. */
function failingAfter(transactions: number) {
  const lane = test.database.lane('job');
  let used = 0;
  return {
    ...lane,
    asTenant: (...[tenantId, work]: Parameters<typeof lane.asTenant>) => {
      used += 1;
      return used > transactions ? Promise.reject(new Error('gone')) : lane.asTenant(tenantId, work);
    },
  };
}
