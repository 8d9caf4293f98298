/** An error is thrown at every awaited boundary of what AVA does, one at a time (R34). */
import { Client } from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { twilioSignature } from '../../src/providers/twilio/signature.ts';
import { verbsOfTwiml } from '../../src/providers/twilio/twiml.ts';
import { type InProcess, startInProcess } from '../harness/in-process.ts';
import { printResult, testScale } from '../harness/result.ts';
import { until } from '../harness/until.ts';
import { createThrower, type Thrower } from './thrower.ts';

/** Of one operation; every boundary with `AVA_TEST_SCALE=10`. */
const MOST_POINTS = 16 * testScale();
/** Nothing that AVA answers takes longer, however busy the machine. */
const HANGS_MS = 60_000;

let house: InProcess;
let thrower: Thrower;
let token: string;
let secret: string;
beforeAll(async () => {
  house = await startInProcess({ env: { CIRCUIT_BREAKER_ENABLED: 'false' } });
  const { db, accounts, webhookSecrets } = house.deps;
  const user = await db.system
    .selectFrom('users')
    .select('email')
    .where('id', '=', house.userId)
    .executeTakeFirstOrThrow();
  token = await accounts.users.issueToken({ email: user.email, ttlSeconds: 3600 });
  secret = await webhookSecrets.current(house.tenantId, 'vapi', { name: 'test' });
  const { config: _config, clock: _clock, db: _db, ...parts } = house.deps;
  const actor = { tenantId: house.tenantId, userId: house.userId, name: 'test' };
  const most = { calls_per_user_per_day: 1_000, calls_per_tenant_per_day: 1_000 };
  await house.deps.callRules.putLimits(actor, { countries: ['US'], ...most });
  thrower = createThrower(parts);
}, 240_000);
afterAll(async () => {
  thrower?.remove();
  await house?.stop();
});

type Operation = { name: string; isCaller?: boolean; send(id: string, turn: number): Promise<Response> };

let calls = 0;
const api = (method: string, path: string, body?: (turn: number) => object): Operation => ({
  name: `${method} ${path}`,
  send: (id, turn) =>
    fetch(`${house.url}/api/v1${path.replace('{sid}', house.sid)}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'x-correlation-id': id, 'content-type': 'application/json' },
      signal: AbortSignal.timeout(HANGS_MS),
      ...(body !== undefined && { body: JSON.stringify(body(turn)) }),
    }),
});
const telephone = (path: string, status: string): Operation => ({
  name: path,
  isCaller: path !== 'status',
  send(id) {
    const target = `${house.url}/webhooks/twilio/${path}`;
    const CallSid = `CA${(calls++).toString(16).padStart(32, '7')}`;
    const people = { From: '+12025550111', To: house.number, CallStatus: status };
    const all = { AccountSid: house.simulator.twilio.accountSid, CallSid, ...people };
    const signature = twilioSignature(house.simulator.twilio.authToken, target, all);
    const headers = { 'x-twilio-signature': signature, 'x-correlation-id': id };
    const signal = AbortSignal.timeout(HANGS_MS);
    return fetch(target, { method: 'POST', headers, body: new URLSearchParams(all), signal });
  },
});
const news: Operation = {
  name: 'POST /webhooks/vapi',
  send: (id, turn) =>
    fetch(`${house.url}/webhooks/vapi`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-vapi-secret': secret, 'x-correlation-id': id },
      signal: AbortSignal.timeout(HANGS_MS),
      body: JSON.stringify({
        message: { type: 'status-update', status: 'in-progress', timestamp: turn, call: { id: `call-${id}` } },
      }),
    }),
};

const OPERATIONS: Operation[] = [
  telephone('voice', 'ringing'),
  telephone('after?step=ai&call=none', 'in-progress'),
  telephone('after?step=dial&rung=1', 'in-progress'),
  telephone('fallback', 'ringing'),
  telephone('status', 'completed'),
  news,
  api('GET', '/vapi/settings'),
  api('PUT', '/vapi/settings/temperature', (turn) => ({ value: (turn % 20) / 10 })),
  api('GET', '/twilio/numbers'),
  api('PUT', '/twilio/numbers/{sid}/routing', () => ({ mode: 'front_door', fallback: { people: [] } })),
  api('POST', '/calls', (turn) => ({ to: `+1202555${1000 + (turn % 9000)}` })),
  api('GET', '/calls'),
  api('GET', '/members'),
  api('GET', '/auth/me'),
];

it(
  'answers every request, keeps nothing open and goes on, wherever an error is thrown',
  { timeout: 600_000 },
  async () => {
    const wrong: string[] = [];
    let [points, hung, turn] = [0, 0, 0];
    const ask = async (operation: Operation, at?: number) => {
      const id = `thrown-${++turn}`;
      thrower.arm(id, at);
      const response = await operation.send(id, turn);
      return { status: response.status, text: await response.text() };
    };
    const usual = new Map<Operation, number>();
    for (const operation of OPERATIONS) {
      usual.set(operation, (await ask(operation)).status);
      const passed = [...thrower.passed()];
      for (const at of spread(passed.length)) {
        points += 1;
        const where = `${operation.name} with an error at ${passed[at]}`;
        const answer = await ask(operation, at).catch(() => undefined);
        if (answer === undefined) hung += 1;
        if (answer === undefined) wrong.push(`${where}: no answer`);
        else if (operation.isCaller && !isHeard(answer)) wrong.push(`${where}: the caller hears ${answer.text}`);
      }
    }
    for (const operation of OPERATIONS) {
      // Long before a lease that nobody gave back would end by itself.
      const isAsBefore = async () => (await ask(operation)).status === usual.get(operation);
      await until(`${operation.name} is done as before`, isAsBefore, 30_000);
      if (usual.get(operation)! >= 400) wrong.push(`${operation.name} never succeeds`);
    }
    const { leaked, who } = await findLeaks();
    printResult({
      id: 'R34',
      value: `${points}; 0; ${hung}; ${leaked}`,
      unit: 'points; exits; requests that hang; connections leaked',
      goal: 'all; 0; 0; 0',
      floor: '50; 0; 0; 1 %',
      pass: points >= 50 && hung === 0 && leaked === 0,
      n: points,
    });
    expect(wrong).toEqual([]);
    expect(points).toBeGreaterThanOrEqual(50);
    expect(leaked, who).toBe(0);
  },
);

function isHeard({ status, text }: { status: number; text: string }): boolean {
  return status === 200 && (verbsOfTwiml(text)?.length ?? 0) > 0;
}

/** All of them, or as many as the profile allows, from the first to the last. */
function spread(count: number): number[] {
  const step = Math.max(1, count / MOST_POINTS);
  return Array.from({ length: Math.min(count, MOST_POINTS) }, (_, index) => Math.floor(index * step));
}

/** Connections that nobody gave back, and transactions that nobody ended; `who` says what each connection did last. */
async function findLeaks(): Promise<{ leaked: number; who: string }> {
  const owner = new Client({ connectionString: house.databaseUrl });
  await owner.connect();
  const look = async () => {
    const lanes = house.deps.db.use();
    const held = Object.values(lanes).reduce((sum, { total, idle, waiting }) => sum + total - idle + waiting, 0);
    const { rows } = await owner.query<{ name: string; state: string; ms: number; query: string }>(
      `select application_name as name, state, (1000 * extract(epoch from clock_timestamp() - state_change))::int as ms, left(query, 200) as query
       from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() order by ms`,
    );
    const inTransaction = rows.filter(({ state }) => state?.startsWith('idle in transaction'));
    return { leaked: held + inTransaction.length, who: JSON.stringify({ lanes, rows }, null, 1) };
  };
  try {
    await until('every connection is given back', async () => (await look()).leaked === 0, 30_000).catch(() => {});
    return await look();
  } finally {
    await owner.end();
  }
}
