import { afterAll, beforeAll, expect, it } from 'vitest';
import { pino } from 'pino';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.ts';
import { createHandClock } from '../../../test/harness/hand-clock.ts';
import { makeCaller } from '../../../test/harness/tenant.ts';
import { UpstreamError } from '../../resilience/upstream-error.ts';
import { createEffects } from '../effects/effects.ts';
import { createTold } from './told.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const refusal = () =>
  new UpstreamError({ kind: 'circuit_open', upstream: 'email', connected: false, detail: 'the circuit is open' });

type Given = { call?: object; planned?: object; owners?: string[]; text?: () => Promise<number> };

async function start(send: (mail: any) => Promise<unknown>, given: Given = {}) {
  const { tenantId } = await makeCaller(database.database);
  const clock = createHandClock(new Date());
  const effects = createEffects({ db: database.database, clock });
  const call = {
    ...{ id: 'x', started_at: new Date().toISOString(), direction: 'inbound', from: '+1', outcome: 'ai' },
    ...given.call,
  };
  let givenUp = 0;
  const told = createTold({
    ...{ clock, effects, log: pino({ level: 'silent' }), publicUrl: 'http://ava.example.test', send },
    getCall: async () => call as never,
    ownersOf: async () => given.owners ?? ['owner@example.test'],
    assistantName: async () => 'Front desk',
    text: given.text ?? (async () => 0),
    onGivenUp: () => void (givenUp += 1),
  });
  const key = 'call.told:1';
  await database.database.asTenant(tenantId, (trx) =>
    effects.plan(trx, { tenantId, key, kind: 'call.told', payload: { callId: 'x', ...given.planned } }),
  );
  return { clock, told, call, givenUp: () => givenUp, find: async () => await effects.find(tenantId, key) };
}

it('tells of a call again whose mail was refused before it left, after waits that double', async () => {
  let sent = 0;
  let isWell = false;
  const { clock, told, find } = await start(async () => {
    sent += 1;
    if (!isWell) throw refusal();
  });
  await told.run();
  expect((await find())?.state).toBe('refused');
  await told.run();
  expect(sent).toBe(1);
  clock.advance(31_000);
  await told.run();
  expect(sent).toBe(2);
  clock.advance(31_000);
  await told.run();
  expect(sent).toBe(2);
  isWell = true;
  clock.advance(31_000);
  await told.run();
  expect([sent, (await find())?.state]).toEqual([3, 'done']);
});

it('gives a mail up that nobody ever took, and says so', async () => {
  let sent = 0;
  const { clock, told, find, givenUp } = await start(async () => {
    sent += 1;
    throw refusal();
  });
  for (let turn = 0; turn < 30; turn += 1) {
    await told.run();
    clock.advance(3_601_000);
  }
  expect([sent, (await find())?.state, givenUp()]).toEqual([10, 'given_up', 1]);
});

it('tells of a message that was heard of after the line was over, and not that nobody was reached', async () => {
  const told: string[] = [];
  const asked = { call: { outcome: 'nobody' }, planned: { mayBringMessage: true } };
  const tell = async ({ call }: any) => void told.push(call.isVoicemail ? 'voicemail' : call.outcome);
  const late = await start(tell, asked);
  await late.told.run();
  expect(told).toEqual([]);
  late.call.outcome = 'voicemail';
  await late.told.run();
  await late.told.run();
  expect(told).toEqual(['voicemail']);
  const never = await start(tell, asked);
  await never.told.run();
  expect(told).toEqual(['voicemail']);
  never.clock.advance(31_000);
  await never.told.run();
  expect(told).toEqual(['voicemail', 'reached nobody']);
});

it('sends the mail although the text message fails, and the text message although the mail fails', async () => {
  const sent: string[] = [];
  const [mail, text] = [async () => void sent.push('mail'), async () => sent.push('text')];
  const fails = () => Promise.reject(refusal());
  const noText = await start(mail, { text: fails });
  await noText.told.run();
  expect([sent, (await noText.find())?.state]).toEqual([['mail'], 'refused']);
  const noMail = await start(fails, { text });
  await noMail.told.run();
  expect([sent, (await noMail.find())?.state]).toEqual([['mail', 'text'], 'refused']);
});

it('tells the other owners although the address of one takes no mail', async () => {
  const sent: string[] = [];
  const owners = ['gone@example.test', 'ann@example.test'];
  const { told, find } = await start(
    async ({ to }) => (to === owners[0] ? Promise.reject(refusal()) : void sent.push(to)),
    { owners },
  );
  await told.run();
  expect([sent, (await find())?.state]).toEqual([['ann@example.test'], 'refused']);
});
