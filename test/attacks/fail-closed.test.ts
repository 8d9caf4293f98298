/** With any table of the database gone, nobody gets in who would not get in before (S27). */
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type InProcess, startInProcess } from '../harness/in-process.ts';
import { printResult } from '../harness/result.ts';
import { makeCaller } from '../harness/tenant.ts';

let ava: InProcess;
let owner: Client;
/** Of a session that AVA has not met yet, so that nothing remembered answers for a store that is gone. */
let viewer: string;
let email: string;
beforeAll(async () => {
  ava = await startInProcess();
  ({ email } = await makeCaller(ava.deps.db, 'viewer', false));
  viewer = await newToken();
  owner = new Client({ connectionString: ava.databaseUrl });
  await owner.connect();
});
afterAll(async () => {
  await owner?.end();
  await ava?.stop();
});

const newToken = () => ava.deps.accounts.users.issueToken({ email, ttlSeconds: 3600 });

const json = { 'content-type': 'application/json' };

/** Each must be refused, whatever is broken. */
const INTRUDERS: [name: string, path: string, init: () => RequestInit][] = [
  ['no token', '/api/v1/vapi/settings', () => ({})],
  ['a forged token', '/api/v1/members', () => ({ headers: { authorization: `Bearer ${viewer.slice(0, -4)}AAAA` } })],
  ['a viewer who changes', '/api/v1/vapi/settings/temperature', () => change('PUT', { value: 1 })],
  ['a viewer who grants', '/api/v1/members', () => change('POST', { email: 'a@example.test', role: 'owner' })],
  [
    'a viewer at what operators share',
    '/api/v1/ops/circuit-breakers/vapi/isolate',
    () => change('POST', { reason: 'x', minutes: 1 }),
  ],
  [
    'a wrong password',
    '/api/v1/auth/login',
    () => ({ method: 'POST', headers: json, body: JSON.stringify({ email: 'a@example.test', password: 'wrong' }) }),
  ],
  [
    'a webhook of Vapi without a secret',
    '/webhooks/vapi',
    () => ({ method: 'POST', headers: json, body: '{"message":{"type":"status-update"}}' }),
  ],
  [
    'a webhook of Vapi with a guess',
    '/webhooks/vapi',
    () => ({
      method: 'POST',
      headers: { ...json, 'x-vapi-secret': 'guess' },
      body: '{"message":{"type":"status-update"}}',
    }),
  ],
  [
    'an unsigned webhook of Twilio',
    '/webhooks/twilio/voice',
    () => ({ method: 'POST', body: new URLSearchParams({ AccountSid: ava.simulator.twilio.accountSid }) }),
  ],
  [
    'a webhook of Twilio with a guess',
    '/webhooks/twilio/status',
    () => ({
      method: 'POST',
      headers: { 'x-twilio-signature': 'AAAA' },
      body: new URLSearchParams({ AccountSid: ava.simulator.twilio.accountSid }),
    }),
  ],
];

function change(method: string, body: object): RequestInit {
  return { method, headers: { ...json, authorization: `Bearer ${viewer}` }, body: JSON.stringify(body) };
}

test('with one store gone at a time, every intruder is still refused', async () => {
  const { rows } = await owner.query<{ name: string }>(
    `select tablename as name from pg_tables where schemaname = 'public' order by 1`,
  );
  const through: string[] = [];
  let tried = 0;
  for (const broken of ['nothing', ...rows.map(({ name }) => name)]) {
    const tokens = await Promise.all(INTRUDERS.map(newToken));
    if (broken !== 'nothing') await owner.query(`alter table "${broken}" rename to "gone_for_now"`);
    for (const [at, [name, path, init]] of INTRUDERS.entries()) {
      viewer = tokens[at]!;
      const answer = await fetch(`${ava.url}${path}`, init());
      await answer.arrayBuffer();
      tried += 1;
      if (answer.status < 400) through.push(`${name} got ${answer.status} without ${broken}`);
    }
    if (broken !== 'nothing') await owner.query(`alter table "gone_for_now" rename to "${broken}"`);
  }
  printResult({
    id: 'S27',
    value: through.length,
    unit: `let through, with ${rows.length} stores gone in turn`,
    goal: '0',
    floor: '0',
    pass: through.length === 0,
    n: tried,
  });
  expect(rows.length).toBeGreaterThan(10);
  expect(through).toEqual([]);
}, 300_000);
