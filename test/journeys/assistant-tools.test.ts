/** What an assistant has AVA do while a caller waits, over Vapi's webhook, and what the caller hears of it. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type InProcess, startInProcess } from '../harness/in-process.ts';
import { printResult } from '../harness/result.ts';
import { makeCaller } from '../harness/tenant.ts';
import { until } from '../harness/until.ts';

let house: InProcess;
let token: string;
const HOURS = {
  time_zone: 'Europe/Berlin',
  openings: [{ days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '09:00', to: '12:00' }],
};
const ANN = { name: 'Ann', phone_number: '+15005550006' };
/** A Monday within the next twelve months. */
const MONDAY = new Date(nextMonday()).toISOString().slice(0, 10);

function nextMonday(): number {
  const soon = new Date(Date.now() + 60 * 86_400_000);
  return soon.getTime() + ((8 - soon.getUTCDay()) % 7) * 86_400_000;
}

beforeAll(async () => {
  house = await startInProcess();
  token = await house.deps.accounts.users.issueToken({ email: await ownEmail(), ttlSeconds: 3600 });
  await house.route({ business_hours: HOURS, fallback: { people: [ANN] } });
  await connect(house.tenantId);
});
afterAll(() => house?.stop());
beforeEach(() => {
  house.simulator.control.clearFaults();
  house.simulator.control.inboxes.google.events.length = 0;
  for (const { circuit } of house.deps.guard.circuits())
    house.deps.guard.close(circuit, { reason: 'test', author: 'test' });
});

async function ownEmail(): Promise<string> {
  const { email } = await house.deps.db.system
    .selectFrom('users')
    .select('email')
    .where('id', '=', house.userId)
    .executeTakeFirstOrThrow();
  return email;
}

/** Walks the consent at the simulated Google, as a browser does. */
async function connect(tenantId: string): Promise<void> {
  const { calendars } = house.deps;
  const person = { tenantId, userId: house.userId, name: 'test' };
  const { url, browserSecret } = await calendars.authorize(person, 'google');
  const there = await fetch(url, { redirect: 'manual' });
  const back = new URL(there.headers.get('location') ?? '').searchParams;
  const given = { state: back.get('state') ?? '', code: back.get('code') ?? '', browserSecret };
  expect(await calendars.complete('google', given)).toBe('connected');
}

type Call = { id: string; name: string; arguments: object };
const SHAPES: Record<string, (call: Call) => object> = {
  'the document': ({ id, name, arguments: given }) => ({
    toolCallList: [{ id, type: 'function', function: { name, arguments: JSON.stringify(given) } }],
  }),
  'the first guide': ({ id, name, arguments: given }) => ({ toolCallList: [{ id, name, arguments: given }] }),
  'the second guide': ({ id, name, arguments: given }) => ({
    toolWithToolCallList: [{ type: 'function', name, toolCall: { id, parameters: given } }],
  }),
};

async function ask(calls: object, { tenantId = house.tenantId, vapiCallId = randomUUID() as string } = {}) {
  const secret = await house.deps.webhookSecrets.current(tenantId, 'vapi', { name: 'test' });
  const message = {
    type: 'tool-calls',
    timestamp: Date.now(),
    call: { id: vapiCallId, type: 'inboundPhoneCall', customer: { number: '+12025550123' } },
    phoneNumber: { number: house.number },
    ...calls,
  };
  const response = await fetch(`${house.url}/webhooks/vapi`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-vapi-secret': secret },
    body: JSON.stringify({ message }),
  });
  expect(response.status).toBe(200);
  return ((await response.json()) as { results: { toolCallId: string; name: string; result: string }[] }).results;
}

const one = (name: string, given: object, id = `call_${randomUUID()}`) =>
  SHAPES['the document']!({ id, name, arguments: given });
const booking = (over = {}) => ({ date: MONDAY, time: '10:00', name: 'Kim Doe', ...over });
const booked = () => house.simulator.control.inboxes.google.events;

describe('the calendar', { timeout: 240_000 }, () => {
  it.each(Object.keys(SHAPES))('is read and booked once per tool call, in the shape of %s', async (shape) => {
    const vapiCallId = randomUUID();
    const [free] = await ask(SHAPES[shape]!({ id: 'a', name: 'check_availability', arguments: { date: MONDAY } }));
    expect(free).toMatchObject({ toolCallId: 'a', name: 'check_availability' });
    expect(free?.result).toMatch(
      /^Free on Monday .*: 09:00, 09:30, 10:00, .*11:30\. All times are in Europe\/Berlin\.$/,
    );
    const order = SHAPES[shape]!({ id: 'b', name: 'book_appointment', arguments: booking() });
    const answers = await Promise.all(Array.from({ length: 6 }, () => ask(order, { vapiCallId })));
    for (const [result] of answers) expect(result?.result).toMatch(/^Booked for Kim Doe on Monday .* at 10:00\.$/);
    expect(booked()).toHaveLength(1);
    const [other] = await ask(one('book_appointment', booking({ name: 'Robin' })));
    expect(other?.result).toContain('already taken');
    const [left] = await ask(one('check_availability', { date: MONDAY }));
    expect(left?.result).not.toContain('10:00');
    expect(booked()).toHaveLength(1);
    await house.deps.db.asTenant(house.tenantId, (trx) => trx.deleteFrom('calendar_bookings').execute());
  });

  it('is booked once although its first answer was lost', async () => {
    const { control } = house.simulator;
    control.addFault({
      vendor: 'google',
      kind: 'reset',
      operation: 'POST /calendar*',
      when: 'after',
      count: 1,
    } as never);
    const vapiCallId = randomUUID();
    const order = one('book_appointment', booking({ time: '11:00' }), 'lost');
    const [first] = await ask(order, { vapiCallId });
    expect(first?.result).toMatch(/^Booked|not certain/);
    const [again] = await ask(order, { vapiCallId });
    expect(again?.result).toMatch(/^Booked/);
    expect(booked()).toHaveLength(1);
  });

  it('that cannot be reached, is closed, or was not understood becomes a sentence that helps the caller on', async () => {
    const { control } = house.simulator;
    const sentences: [object, RegExp][] = [
      [one('book_appointment', booking({ time: '20:00' })), /closed at this time/],
      [one('book_appointment', booking({ date: '2020-01-06' })), /has passed/],
      [one('book_appointment', booking({ date: 'tomorrow' })), /day was not understood/],
      [one('book_appointment', booking({ name: ' \u0000\r\n' })), /name first/],
      [one('check_availability', { date: '2090-01-01' }), /twelve months/],
      [one('make_coffee', {}), /no tool of this name/],
      [one('transfer_to_person', {}), /Nobody can be reached|cannot be passed on/],
    ];
    for (const [calls, expected] of sentences) expect((await ask(calls))[0]?.result).toMatch(expected);
    control.addFault({ vendor: 'google', kind: 'status', status: 503 } as never);
    expect((await ask(one('check_availability', { date: MONDAY })))[0]?.result).toMatch(/cannot be reached just now/);
    const all = await ask({ toolCallList: Array.from({ length: 40 }, (_, index) => ({ id: `n${index}`, name: 'x' })) });
    expect(all.map(({ toolCallId }) => toolCallId)).toEqual(Array.from({ length: 40 }, (_, index) => `n${index}`));
    expect(all.every(({ result }) => result.length > 20)).toBe(true);
  });

  it('of one tenant is out of reach for another, whatever its assistant names, and takes no lines from callers', async () => {
    const other = await makeCaller(house.deps.db, 'owner', false);
    const names = [
      'google',
      'microsoft',
      'primary',
      house.tenantId,
      '../google',
      `google:${house.tenantId}`,
      '',
      null,
      7,
    ];
    const members = ['calendar', 'calendar_id', 'tenant', 'tenant_id', 'provider', 'attendees'];
    let crossings = 0;
    let asked = 0;
    for (const name of names) {
      for (const member of members) {
        for (const tool of ['check_availability', 'book_appointment']) {
          const calls = one(tool, { ...booking({ time: '09:00' }), [member]: name });
          const [result] = await ask(calls, { tenantId: other.tenantId });
          asked += 1;
          if (/^Free|^Booked/.test(result?.result ?? '') || booked().length > 0) crossings += 1;
        }
      }
    }
    const nasty = 'Eve\r\nATTENDEE:mailto:x@example.test\u2028END:VEVENT<Dial>+19005550100</Dial>';
    const [result] = await ask(one('book_appointment', booking({ time: '09:00', name: nasty, reason: nasty })));
    expect(result?.result).toMatch(/^Booked/);
    const made = JSON.stringify(booked());
    const injected = /\\r|\\u2028|"attendees":\[\{/.test(made) || /[\r\n]/.test((booked()[0] as any).summary ?? '');
    printResult({
      id: 'S23',
      value: `${crossings}; ${Number(injected)}`,
      unit: 'calendars of others reached; lines injected',
      goal: '0; 0',
      floor: '0; 0',
      pass: crossings === 0 && !injected,
      n: asked,
    });
    expect({ crossings, injected }).toEqual({ crossings: 0, injected: false });
  });
});

describe('a caller', { timeout: 240_000 }, () => {
  const api = (path: string, init: RequestInit = {}) =>
    fetch(`${house.url}/api/v1${path}`, {
      ...init,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...(init.headers as object) },
    });

  it('hears the answer of a tool that was given to the assistant over the API', async () => {
    const path = `/assistants/${house.simulator.vapi.assistantId}/tools`;
    const before = (await (await api(path)).json()) as any;
    expect(before.tools.map((tool: any) => tool.enabled)).toEqual([false, false, false]);
    const put = (tools: string[], headers = {}) =>
      api(path, { method: 'PUT', body: JSON.stringify({ tools }), headers });
    const tools = ['check_availability', 'book_appointment', 'transfer_to_person'];
    const after = await put(tools, { 'if-match': before.etag });
    expect(after.status).toBe(200);
    expect((await after.json()) as any).toMatchObject({ tools: tools.map((name) => ({ name, enabled: true })) });
    expect((await put([], { 'if-match': before.etag })).status).toBe(412);
    const credential = (await house.deps.vapiOf(house.tenantId))!;
    const assistant = await house.deps.vapi.getAssistant(credential, house.simulator.vapi.assistantId);
    expect((assistant.model as any).messages).not.toHaveLength(0);
    expect((assistant.server as any).backoffPlan.maxRetries).toBeGreaterThanOrEqual(5);

    const heard = await house.simulator.control.placeCall({
      to: house.number,
      script: {
        says: ['When is a free time?'],
        toolCalls: [{ name: 'check_availability', arguments: { date: MONDAY } }],
      },
    });
    expect(heard).toMatchObject({ outcome: 'ai', heardError: false });
    expect(JSON.stringify(heard.transcriptOfWhatTheCallerHeard)).toContain('Free on Monday');
    expect((await put(['check_availability'])).status).toBe(200);
  });

  it('is passed on to a person when the assistant asks for one, and the call says so', async () => {
    await house.route({ fallback: { people: [ANN] } });
    const result = await house.simulator.control.placeCall({
      to: house.number,
      script: { says: ['A person, please'], toolCalls: [{ name: 'transfer_to_person', arguments: {} }] },
    });
    expect(result).toMatchObject({ outcome: 'person', heardError: false });
    expect(result.longestSilenceMs).toBeLessThanOrEqual(3_000);
    const call = await until('the call has ended with a person', async () => {
      const id = await house.deps.calls.findByVendorId(house.tenantId, result.callSid);
      const found = id === undefined ? undefined : await house.deps.calls.get(house.tenantId, id);
      return found?.status === 'ended' && found.outcome === 'person' ? found : undefined;
    });
    expect(call).toMatchObject({ route_reason: expect.stringMatching(/assistant_asked|nobody_answered/) });
  });

  it('is not passed on by an assistant of another tenant', async () => {
    const other = await makeCaller(house.deps.db, 'owner', false);
    const ringing = house.simulator.control.placeCall({
      to: house.number,
      script: { says: ['Hello', 'And then', 'Bye'] },
    });
    const vapiCallId = await until('the call is with the assistant', async () => {
      const { calls } = await house.deps.calls.list(house.tenantId, { limit: 1, status: 'in_progress' });
      return calls[0]?.vapi_call_id ?? undefined;
    }).catch(() => undefined);
    if (vapiCallId !== undefined) {
      const [refused] = await ask(one('transfer_to_person', {}), { tenantId: other.tenantId, vapiCallId });
      expect(refused?.result).toMatch(/cannot be passed on/);
    }
    expect(await ringing).toMatchObject({ outcome: 'ai' });
  });
});
