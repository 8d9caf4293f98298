import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../clock.ts';
import { defaultGuardSettings } from '../../resilience/guard-settings.ts';
import { createGuard } from '../../resilience/guard.ts';
import { startSimulator, type Simulator } from '../../simulator/simulator.ts';
import { failureTables } from '../failure-tables.ts';
import { createGuardedHttp, type GuardedHttp } from '../http.ts';
import { type ClientCache, createClientCache, type TwilioCredential } from './clients.ts';
import { createTwilioRest, type TwilioRest } from './rest.ts';

let simulator: Simulator;
let http: GuardedHttp;
let clients: ClientCache;
let twilio: TwilioRest;
let credential: TwilioCredential;
const lookUps: string[] = [];

beforeAll(async () => {
  simulator = await startSimulator();
  const emit = () => {};
  const settings = { ...defaultGuardSettings, breaker: { ...defaultGuardSettings.breaker, enabled: false } };
  const guard = createGuard({ clock: systemClock, random: Math.random, emit, settings });
  guard.upstream('twilio', failureTables.twilio);
  http = createGuardedHttp({ guard, clock: systemClock, emit });
  const { baseUrl } = simulator.twilio;
  clients = createClientCache({ baseUrl, onLookUp: (fact) => lookUps.push(`${fact.tenant} ${fact.result}`) });
  twilio = createTwilioRest({ http, clients, baseUrl });
  const { accountSid, authToken } = simulator.twilio;
  credential = { key: 'first', tenant: 't1', accountSid, authToken };
});
afterAll(async () => {
  await http?.close();
  await simulator?.close();
});
beforeEach(() => {
  simulator.control.clearFaults();
  simulator.control.clearRequests();
  lookUps.length = 0;
});

const asked = () => simulator.control.requests({ vendor: 'twilio' });
const PN = `PN${'0'.repeat(32)}`;

describe('Twilio', () => {
  test('all numbers are read, page after page by Twilio’s own link', async () => {
    const account = simulator.control.addTwilioAccount({
      numbers: Array.from({ length: 130 }, (_, index) => ({
        phoneNumber: `+1202556${String(index).padStart(4, '0')}`,
      })),
    });
    const own = { key: 'many', tenant: 't2', accountSid: account.sid, authToken: account.authToken };
    expect(await twilio.listNumbers(own)).toHaveLength(130);
    expect(asked()).toHaveLength(2);
    expect(lookUps).toEqual(['t2 created', 't2 cached']);
  });

  test('a link that leads out of the account is not followed', async () => {
    const body = JSON.stringify({
      incoming_phone_numbers: [],
      next_page_uri: '/2010-04-01/Accounts/ACother/Keys.json',
    });
    simulator.control.addFault({ vendor: 'twilio', kind: 'status', status: 200, body });
    await expect(twilio.listNumbers(credential)).rejects.toMatchObject({ kind: 'upstream' });
  });

  test('a rotated credential gets a client of its own, and the old one is forgotten', async () => {
    await twilio.probe(credential);
    await twilio.probe({ ...credential, key: 'second' });
    await twilio.probe(credential);
    clients.evict('first');
    await twilio.probe(credential);
    expect(lookUps.slice(-3)).toEqual(['t1 created', 't1 created', 't1 created']);
    await twilio.probe(credential);
    expect(lookUps.at(-1)).toBe('t1 cached');
  });

  test('a number is changed with a form, and read back', async () => {
    const [number] = await twilio.listNumbers(credential);
    await twilio.updateNumber(credential, number!.sid, { FriendlyName: 'Desk', VoiceUrl: 'https://a.example.test/v' });
    expect(await twilio.getNumber(credential, number!.sid)).toMatchObject({
      friendly_name: 'Desk',
      voice_url: 'https://a.example.test/v',
    });
  });

  test.each(['', '..', 'PN1', `CA${'0'.repeat(32)}`])(
    'the SID %j of a number is refused before anything is sent',
    async (sid) => {
      await expect(async () => twilio.getNumber(credential, sid)).rejects.toMatchObject({ kind: 'invalid' });
      expect(asked()).toHaveLength(0);
    },
  );

  test('a message and a call are sent once when the outcome is not known', async () => {
    simulator.control.addFault({ vendor: 'twilio', kind: 'status', status: 500 });
    const from = simulator.twilio.numbers[0]!;
    await expect(twilio.createMessage(credential, { To: '+12025550177', From: from, Body: 'Hi' })).rejects.toThrow();
    await expect(
      twilio.createCall(credential, { To: '+12025550177', From: from, Twiml: '<Response/>' }),
    ).rejects.toThrow();
    expect(asked()).toHaveLength(2);
  });

  test('a refusal that Twilio did not process is asked again', async () => {
    simulator.control.addFault({ vendor: 'twilio', kind: 'status', status: 429, retryAfter: '0', count: 1 });
    const from = simulator.twilio.numbers[0]!;
    await twilio.createMessage(credential, { To: '+12025550177', From: from, Body: 'Hi' });
    expect(asked()).toHaveLength(2);
  });

  test('Twilio’s own codes decide what an error means', async () => {
    const wrong = { ...credential, key: 'wrong', tenant: 't3', authToken: 'not-the-token' };
    await expect(twilio.probe(wrong)).rejects.toMatchObject({ kind: 'auth', body: { code: '20003' } });
    await expect(twilio.getNumber(credential, PN)).rejects.toMatchObject({
      kind: 'not_found',
      body: { code: '20404' },
    });
  });

  test('the auth token in the answer about an account goes no further', async () => {
    const account = await twilio.getAccount(credential);
    expect(account).toMatchObject({ sid: credential.accountSid });
    expect(JSON.stringify(account)).not.toContain(credential.authToken);
    expect(await twilio.getBalance(credential)).toMatchObject({ currency: expect.any(String) });
  });
});
