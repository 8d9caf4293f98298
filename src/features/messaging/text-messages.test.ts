import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.ts';
import { createHandClock, type HandClock } from '../../../test/harness/hand-clock.ts';
import { makeCaller } from '../../../test/harness/tenant.ts';
import { systemClock } from '../../clock.ts';
import { failureTables } from '../../providers/failure-tables.ts';
import { createGuardedHttp, type GuardedHttp } from '../../providers/http.ts';
import { createClientCache } from '../../providers/twilio/clients.ts';
import { createTwilioRest, type TwilioRest } from '../../providers/twilio/rest.ts';
import { createGuard } from '../../resilience/guard.ts';
import { defaultGuardSettings } from '../../resilience/guard-settings.ts';
import { startSimulator, type Simulator } from '../../simulator/simulator.ts';
import { createEffects } from '../effects/effects.ts';
import { createTextMessages, type TextMessages } from './text-messages.ts';

const TO = '+12025550177';
const POST = 'POST /2010-04-01/Accounts/*/Messages.json';

let database: TestDatabase;
let simulator: Simulator;
let http: GuardedHttp;
let twilio: TwilioRest;
let tenantId: string;
let clock: HandClock;
let texts: TextMessages;

beforeAll(async () => {
  database = await createTestDatabase();
  simulator = await startSimulator();
  ({ tenantId } = await makeCaller(database.database));
  const settings = { ...defaultGuardSettings, breaker: { ...defaultGuardSettings.breaker, enabled: false } };
  const parts = { clock: systemClock, emit: () => {} };
  const guard = createGuard({ ...parts, random: Math.random, settings });
  guard.upstream('twilio', failureTables.twilio);
  http = createGuardedHttp({ guard, ...parts });
  const { baseUrl } = simulator.twilio;
  twilio = createTwilioRest({ http, clients: createClientCache({ baseUrl, onLookUp: () => {} }), baseUrl });
});
afterAll(async () => {
  await http?.close();
  await simulator?.close();
  await database?.drop();
});
beforeEach(() => {
  simulator.control.clearFaults();
  clock = createHandClock(new Date());
  texts = make();
});

function make(stubMode = false): TextMessages {
  const effects = createEffects({ db: database.database, clock });
  return createTextMessages({ ...{ clock, effects, twilio }, config: { stubMode }, credentialOf: async () => key() });
}

function key() {
  const { accountSid, authToken } = simulator.twilio;
  return { key: 'first', tenant: tenantId, accountSid, authToken };
}

function text(to = TO) {
  const mark = `https://ava.example.test/calls/${randomUUID()}`;
  return { tenantId, to, from: simulator.twilio.numbers[0]!, body: `Call. ${mark}`, mark, effectKey: `call:${mark}` };
}

const arrived = async (mark: string) =>
  (await twilio.listMessages(key())).filter(({ body }) => body?.includes(mark) === true).length;

it('a text leaves once, however often and by how many it is asked for', async () => {
  const one = text();
  await Promise.allSettled([texts.sendText(one), make().sendText(one), texts.sendText(one)]);
  expect((await texts.sendText(one)).state).toBe('sent');
  expect(await arrived(one.mark)).toBe(1);
});

it('a text whose answer was lost is looked for in the list, and is not sent again when it is there', async () => {
  const one = text();
  simulator.control.addFault({ vendor: 'twilio', kind: 'status', status: 500, when: 'after', operation: POST });
  await expect(texts.sendText(one)).rejects.toMatchObject({ upstream: 'twilio' });
  simulator.control.clearFaults();
  // The list may be behind: nobody knows yet.
  await expect(texts.sendText(one)).rejects.toMatchObject({ kind: 'timeout' });
  clock.advance(61_000);
  expect(await texts.sendText(one)).toMatchObject({ state: 'sent', messageId: expect.stringMatching(/^SM/) });
  expect(await arrived(one.mark)).toBe(1);
});

it('a text that certainly never left is sent again, and given up after three attempts', async () => {
  const [one, lost] = [text(), text()];
  simulator.control.addFault({ vendor: 'twilio', kind: 'status', status: 500, operation: POST });
  for (const each of [one, lost]) await expect(texts.sendText(each)).rejects.toThrow();
  for (let turn = 0; turn < 2; turn += 1) {
    clock.advance(61_000);
    await expect(texts.sendText(lost)).rejects.toThrow();
  }
  clock.advance(61_000);
  expect(await texts.sendText(lost)).toEqual({ state: 'refused' });
  simulator.control.clearFaults();
  expect(await texts.sendText(one)).toMatchObject({ state: 'sent' });
  expect(await texts.sendText(lost)).toEqual({ state: 'refused' });
  expect([await arrived(one.mark), await arrived(lost.mark)]).toEqual([1, 0]);
});

it('a text to somebody who opted out is asked for once and never again', async () => {
  const one = text('+15005550004');
  simulator.control.clearRequests();
  expect(await texts.sendText(one)).toEqual({ state: 'refused' });
  expect(await texts.sendText(one)).toEqual({ state: 'refused' });
  expect(simulator.control.requests().filter(({ method }) => method === 'POST')).toHaveLength(1);
});

it('no text leaves in stub mode', async () => {
  const one = text();
  expect(await make(true).sendText(one)).toEqual({ state: 'stub' });
  expect(await arrived(one.mark)).toBe(0);
});
