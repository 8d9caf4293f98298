/** Members that no contract names are put into every body that the document allows; none of them may stick anywhere (S20). */
import fc from 'fast-check';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type InProcess, startInProcess } from '../harness/in-process.ts';
import { printResult, testSeed } from '../harness/result.ts';
import {
  type ApiDocument,
  bodySchemaOf,
  type NamedOperation,
  operationsOf,
  readDocument,
  resolve,
} from './api-document.ts';
import { requestsFor } from './inputs.ts';

const PER_OPERATION = 12;
/** In every text and id that is smuggled in, and nowhere else. */
const MARK = '5ca1ab1e';
const SMUGGLED: Record<string, unknown> = {
  id: `${MARK}-0000-4000-8000-000000000001`,
  tenant_id: `${MARK}-0000-4000-8000-000000000002`,
  user_id: `${MARK}-0000-4000-8000-000000000003`,
  created_by: MARK,
  updated_by: MARK,
  actor: MARK,
  password_hash: MARK,
  account: MARK,
  source: MARK,
  created_at: '1999-12-31T23:59:59.123Z',
  updated_at: '1999-12-31T23:59:59.123Z',
  role: 'owner',
  operator: true,
  synthetic: true,
  uses_environment: true,
  revision: 987_654_321,
};
const MARKS = [MARK, '1999-12-31', '987654321'];

/** Where what is generated does not always get as far as the members: a body that is good but for them. */
const examples = (): Record<string, { path: string; body: object }> => ({
  'POST /api/v1/calls': { path: '/api/v1/calls', body: { to: '+442071838750' } },
  'PUT /api/v1/calls/texts': { path: '/api/v1/calls/texts', body: { when: 'never', to: [], per_day: 10 } },
  'PUT /api/v1/twilio/numbers/{sid}/routing': {
    path: `/api/v1/twilio/numbers/${ava.sid}/routing`,
    body: { mode: 'front_door', assistant_id: ava.simulator.vapi.assistantId, fallback: { people: [] } },
  },
  'POST /api/v1/ops/circuit-breakers/{circuit}/close': {
    path: '/api/v1/ops/circuit-breakers/vapi/close',
    body: { reason: 'test' },
  },
  'POST /api/v1/ops/circuit-breakers/{circuit}/isolate': {
    path: '/api/v1/ops/circuit-breakers/vapi/isolate',
    body: { reason: 'test', minutes: 1 },
  },
});
const nameOf = ({ method, path }: NamedOperation) => `${method} ${path}`;

let ava: InProcess;
let owner: Client;
let token: string;
let document: ApiDocument;
beforeAll(async () => {
  ava = await startInProcess();
  document = await readDocument(ava.url);
  owner = new Client({ connectionString: ava.databaseUrl });
  await owner.connect();
  const { rows } = await owner.query<{ email: string }>('select email from users where id = $1', [ava.userId]);
  token = await ava.deps.accounts.users.issueToken({ email: rows[0]!.email, ttlSeconds: 3600 });
});
afterAll(async () => {
  await owner?.end();
  await ava?.stop();
});

test('members that no contract names stick nowhere: not in answers, not in the database, not at a vendor', async () => {
  const seed = testSeed();
  const ids = [ava.simulator.vapi.assistantId, ava.sid, ava.userId, 'vapi', 'google', 'temperature', 'own_key'];
  const answers: string[] = [];
  const taken = new Set<string>();
  const refused = new Set<string>();
  let sent = 0;
  const operations = operationsOf(document).filter(({ operation }) => bodySchemaOf(operation) !== undefined);
  for (const named of inOrder(operations)) {
    const samples = fc.sample(
      requestsFor(document, named, () => ids),
      { seed, numRuns: PER_OPERATION * 2 },
    );
    const generated = samples.filter(({ isValid }) => isValid).slice(0, PER_OPERATION);
    const bodies = generated.map(({ path, body }) => ({ path, body: JSON.parse(body!) as object }));
    for (const { path, body } of [...bodies, examples()[nameOf(named)]].filter((one) => one !== undefined)) {
      const answer = await smuggle(named, path, body);
      sent += 1;
      if (answer.status < 300) taken.add(nameOf(named));
      if (answer.status === 422 && answer.text.includes('Unrecognized key')) refused.add(nameOf(named));
      if (answer.status < 300 && marked(answer.text))
        answers.push(`${named.method} ${path}: ${answer.text.slice(0, 200)}`);
    }
  }
  const atVendors = ava.simulator.control.requests().filter((one) => marked(JSON.stringify(one)));
  const rows = await markedRows();
  const raised = await raisedRights();
  const stuck = [
    ...answers,
    ...atVendors.map(({ method, path }) => `${method} ${path} at a vendor`),
    ...rows,
    ...raised,
  ];
  printResult({
    id: 'S20',
    value: stuck.length,
    unit: `smuggled members that stuck, of ${Object.keys(SMUGGLED).length} in each of ${sent} bodies; ${taken.size} of ${operations.length} operations took a body, ${refused.size} refused the members by name`,
    goal: '0',
    floor: '0',
    pass: stuck.length === 0,
    n: sent,
    seed,
  });
  // A body that is turned down for another reason would prove nothing.
  const unproved = operations.map(nameOf).filter((name) => !taken.has(name) && !refused.has(name));
  expect(unproved).toEqual([]);
  expect(stuck).toEqual([]);
  expect(operations.length).toBeGreaterThan(20);
}, 300_000);

test('a mark that sticks is seen', async () => {
  await owner.query('update tenants set name = $1 where id = $2', [`Birch ${MARK}`, ava.tenantId]);
  expect(await markedRows()).toEqual(['tenants: 1 rows']);
  await owner.query(`update tenants set name = 'Birch', synthetic = true where id = $1`, [ava.tenantId]);
  expect(await raisedRights()).toEqual([`tenant ${ava.tenantId}`]);
});

async function smuggle({ method, path: template, operation }: NamedOperation, path: string, body: object) {
  const { schema } = resolve(document, bodySchemaOf(operation)!);
  const own = Object.keys(schema.properties ?? {});
  const extra = Object.fromEntries(Object.entries(SMUGGLED).filter(([name]) => !own.includes(name)));
  const isPublic = /\/auth\/(login|refresh|logout)$/.test(template);
  const answer = await fetch(`${ava.url}${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...(!isPublic && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ ...body, ...extra }),
  });
  return { status: answer.status, text: await answer.text() };
}

const marked = (text: string) => MARKS.some((mark) => text.includes(mark));

/** What ends the ground for the others comes last: keys, circuits, and the password. */
function inOrder(operations: NamedOperation[]): NamedOperation[] {
  const isLast = ({ path }: NamedOperation) => /credentials|isolate|environment|password/.test(path);
  return [...operations.filter((one) => !isLast(one)), ...operations.filter(isLast)];
}

async function markedRows(): Promise<string[]> {
  const tables = await owner.query<{ name: string }>(
    `select tablename as name from pg_tables where schemaname = 'public' order by 1`,
  );
  const found: string[] = [];
  for (const { name } of tables.rows) {
    const { rows } = await owner.query<{ count: string }>(
      `select count(*) from "${name}" t where t::text like any ($1)`,
      [MARKS.map((mark) => `%${mark}%`)],
    );
    if (rows[0]!.count !== '0') found.push(`${name}: ${rows[0]!.count} rows`);
  }
  return found;
}

/** Users that became operators and tenants that became synthetic, though nobody may make them so over HTTP. */
async function raisedRights(): Promise<string[]> {
  const { rows } = await owner.query<{ who: string }>(
    `select 'user ' || id as who from users where operator and id <> $1
     union all select 'tenant ' || id from tenants where synthetic`,
    [ava.userId],
  );
  return rows.map(({ who }) => who);
}
