import { expect, it } from 'vitest';
import { createHandClock } from '../../../test/harness/hand-clock.ts';
import { createHowEnded, type HowEndedDeps } from './how-ended.ts';

const never = () => new Promise<never>(() => {});

function start(over: Partial<HowEndedDeps>) {
  const clock = createHandClock();
  const howEnded = createHowEnded({
    clock,
    vapi: { getCall: never },
    credentialOf: async () => ({ apiKey: 'key', source: 'tenant', id: 'one' }) as never,
    toldReason: async () => undefined,
    isFault: (reason) => reason.startsWith('pipeline-error'),
    ...over,
  });
  const state: { how?: string; afterMs?: number } = {};
  void howEnded('tenant', 'call').then((how) => Object.assign(state, { how, afterMs: clock.monotonicMs() }));
  return {
    state,
    async wait(ms: number) {
      for (let passed = 0; passed < ms; passed += 50) {
        for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
        clock.advance(50);
      }
      for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    },
  };
}

it.each([
  ['Vapi hangs', {}],
  ['the database hangs', { toldReason: never }],
  ['both hang, and the credential too', { toldReason: never, credentialOf: never }],
])('keeps a caller whose assistant has gone no longer than two seconds in silence: %s', async (_what, over) => {
  const { state, wait } = start(over);
  await wait(1_900);
  expect(state).toEqual({});
  await wait(100);
  expect(state).toEqual({ how: 'dropped', afterMs: 2_000 });
});

it('knows a normal end from what Vapi has told already', async () => {
  const { state, wait } = start({ toldReason: async () => 'customer-ended-call' });
  await wait(50);
  expect(state.how).toBe('finished');
});
