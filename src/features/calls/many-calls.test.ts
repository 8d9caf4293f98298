import { createHmac } from 'node:crypto';
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

const CALLS = 2_600;
let test: TestDatabase;
let app: PrivateApp;
let caller: Caller;
let role: Role = 'admin';

beforeAll(async () => {
  test = await createTestDatabase();
  const { database: db } = test;
  caller = await makeCaller(db);
  const other = await makeCaller(db);
  for (const { tenantId } of [caller, other]) await fill(tenantId);
  const clock = systemClock;
  const log = { info: () => {}, warn: () => {}, error: () => {} } as never;
  const audit = createAudit({ db, clock, log, key: async () => createHmac('sha256', 'audit').digest() });
  const calls = createCalls({ db, clock, publish: () => {}, afterCall: async () => {}, additions: async () => [] });
  const exportCalls = createCallExport({ db, audit });
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

/** The calls are a minute apart; the oldest five alone were about a piano, and two of these failed. */
async function fill(tenantId: string): Promise<void> {
  const owner = new Client({ connectionString: test.url });
  await owner.connect();
  await owner.query(
    `insert into calls (tenant_id, vapi_call_id, direction, status, outcome, from_number, customer_name, started_at)
     select $1, 'call ' || n, 'inbound', 'ended', case when n % 2 = 0 then 'failed' else 'ai' end, '+4930' || n, $2,
       timestamptz '2026-01-01' - make_interval(mins => n) from generate_series(1, ${CALLS}) n`,
    [tenantId, '=cmd("x"),'],
  );
  await owner.query(
    `insert into call_texts (tenant_id, call_id, transcript, messages, search)
     select tenant_id, id, '', '[]', to_tsvector('simple', 'hello ' ||
       case when substr(vapi_call_id, 6)::int > ${CALLS} - 5 then 'piano' else 'phone' end) from calls where tenant_id = $1`,
    [tenantId],
  );
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
    expect(await vapiIds('q=hello&phone_number=%2B49302599')).toEqual(names(2_599));
    expect(await vapiIds('q=hello&to_time=2025-12-30T04:42:00Z&limit=1')).toEqual(names(2_599, 2_600));
    expect(await vapiIds('q=hello&limit=200')).toEqual(names(...Array.from({ length: CALLS }, (_, i) => i + 1)));
  });

  it('leaves out what the person has read, and finds what stands behind it', async () => {
    const { body } = await app.call('GET', '/api/v1/calls?q=piano&limit=1');
    expect((await app.call('PUT', `/api/v1/calls/${body.calls[0].id}/read`)).status).toBeLessThan(300);
    expect(await vapiIds('q=piano&unread=true&limit=2')).toEqual(names(CALLS - 3, CALLS - 2, CALLS - 1, CALLS));
    expect(await vapiIds('q=piano&limit=2')).toHaveLength(5);
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
    const exportCalls = createCallExport({ db: cut as never, audit: { record: async () => {} } as never });
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
