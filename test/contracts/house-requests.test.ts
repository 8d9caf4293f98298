/** AVA whole: every request that it sends to Vapi and Twilio is as their documents say. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AvaUnderTest, startAva } from '../harness/ava.ts';
import { createContractChecker } from './checker.ts';

const checker = createContractChecker();
for (const sentence of checker.leftOut) console.log(`Left out: ${sentence}`);

let ava: AvaUnderTest;
beforeAll(async () => {
  ava = await startAva({ simulator: { hooks: checker.hooks, timeScale: 20 }, env: { RATE_LIMIT_PER_MINUTE: '1000' } });
});
afterAll(() => ava?.stop());

async function ask<T>(method: string, path: string, body?: object): Promise<T> {
  const { fetch } = await ava.owner();
  const answer = await fetch(`/api/v1${path}`, {
    method,
    ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${text}`);
  return (text ? JSON.parse(text) : undefined) as T;
}

test('settings, numbers and calls send nothing that the vendors do not document', async () => {
  await ask('GET', '/vapi/settings');
  await ask('PUT', '/vapi/settings/greeting_message', { value: 'Good morning' });
  await ask('PUT', '/vapi/settings/voice_speed', { value: 1.1 });
  await ask('PUT', '/vapi/settings/opening_hours', { value: { monday: '9-17' } });
  await ask('DELETE', '/vapi/settings/opening_hours');
  const { numbers } = await ask<{ numbers: { sid: string; phone_number: string }[] }>('GET', '/twilio/numbers');
  const [first] = numbers;
  await ask('PUT', `/twilio/numbers/${first?.sid}/routing`, {
    assistant_id: ava.simulator.vapi.assistantId,
    mode: 'front_door',
    fallback: {
      people: [{ name: 'Robin', phone_number: '+12025550171' }],
      strategy: 'in_order',
      voicemail: true,
      message: 'We cannot take your call right now.',
    },
  });
  const { control } = ava.simulator;
  const to = first?.phone_number ?? '';
  const talked = await control.placeCall({ to });
  control.outage({ vendor: 'vapi' });
  const rescued = await control.placeCall({ to });
  control.restore('vapi');
  await control.settled();
  expect([talked.outcome, rescued.outcome]).toEqual(['ai', 'person']);
  expect([talked, rescued].some(({ heardError }) => heardError)).toBe(false);
  expect(checker.seen.requests).toBeGreaterThan(5);
  expect(checker.problems()).toEqual([]);
});
