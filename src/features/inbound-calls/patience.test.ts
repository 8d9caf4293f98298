import { describe, expect, it } from 'vitest';
import { createHandClock } from '../../../test/harness/hand-clock.ts';
import { UpstreamError } from '../../resilience/upstream-error.ts';
import { createPatience } from './patience.ts';

const BUDGET_MS = 3_400;

function start(answers = 10) {
  const clock = createHandClock(new Date());
  const patience = createPatience({ clock });
  const settle = async () => {
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  };
  const wait = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 50) {
      clock.advance(50);
      await settle();
    }
  };
  /** Asks Vapi, which answers after `ms`; never when undefined. */
  const ask = (ms?: number) => {
    const timeout = () => new UpstreamError({ kind: 'timeout', upstream: 'vapi', connected: true, detail: 'late' });
    const state = { asked: false, outcome: 'waits', afterMs: 0 };
    const startedMs = clock.monotonicMs();
    const work = () => {
      state.asked = true;
      return new Promise<string>((resolve, reject) => {
        if (ms === undefined) clock.setTimer(BUDGET_MS, () => reject(timeout()));
        else clock.setTimer(ms, () => resolve('taken'));
      });
    };
    void patience
      .ask(BUDGET_MS, work)
      .catch((error: Error) => error.name)
      .then((outcome) => Object.assign(state, { outcome, afterMs: clock.monotonicMs() - startedMs }));
    return state;
  };
  const warm = async () => {
    for (let turn = 0; turn < answers; turn += 1) {
      ask(100);
      await wait(150);
    }
  };
  return { ask, wait, warm };
}

describe('the patience of a caller', () => {
  it('ends for all at once when several wait and Vapi says nothing, and the next are not made to wait', async () => {
    const { ask, wait, warm } = start();
    await warm();
    const calls = Array.from({ length: 10 }, () => ask());
    await wait(1_000);
    expect(calls.map((call) => call.outcome)).toEqual(Array.from({ length: 10 }, () => 'Silence'));
    expect(Math.max(...calls.map((call) => call.afterMs))).toBeLessThanOrEqual(1_000);
    const [scout, other] = [ask(), ask()];
    await wait(50);
    expect([scout.asked, other.asked, other.outcome]).toEqual([true, false, 'Silence']);
    await wait(1_000);
    expect(scout.outcome).toBe('Silence');
  });

  it('is whole again after an answer', async () => {
    const { ask, wait, warm } = start();
    await warm();
    Array.from({ length: 3 }, () => ask());
    await wait(1_000);
    const scout = ask(100);
    await wait(200);
    expect(scout.outcome).toBe('taken');
    const [slow, another] = [ask(1_500), ask(1_500)];
    await wait(1_600);
    expect([slow.outcome, another.outcome]).toEqual(['taken', 'taken']);
  });

  it('is the whole budget for one who waits alone, once; and grows where Vapi is always slow', async () => {
    const { ask, wait, warm } = start();
    await warm();
    const alone = ask();
    await wait(3_300);
    expect(alone.outcome).toBe('waits');
    await wait(200);
    expect(alone.outcome).toBe('UpstreamError');
    const next = ask();
    await wait(1_000);
    expect(next.outcome).toBe('Silence');
    await wait(3_000);
    for (let turn = 0; turn < 10; turn += 1) {
      ask(850);
      await wait(900);
    }
    const calls = Array.from({ length: 5 }, () => ask(2_000));
    await wait(2_100);
    expect(calls.map((call) => call.outcome)).toEqual(Array.from({ length: 5 }, () => 'taken'));
  });

  it('is the whole budget while nobody knows what is usual', async () => {
    const { ask, wait } = start(0);
    const calls = Array.from({ length: 5 }, () => ask(3_000));
    await wait(3_100);
    expect(calls.map((call) => call.outcome)).toEqual(Array.from({ length: 5 }, () => 'taken'));
  });
});
