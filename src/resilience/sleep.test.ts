import { describe, expect, test } from 'vitest';
import { createHandClock } from '../../test/harness/hand-clock.ts';
import { sleep } from './sleep.ts';

const turn = () => new Promise(setImmediate);

describe('sleeping', () => {
  test('a timer that fires early does not wake the sleeper early', async () => {
    const clock = createHandClock();
    const hasty = { ...clock, setTimer: (ms: number, run: () => void) => clock.setTimer(ms * 0.9, run) };
    let isAwake = false;
    void sleep(hasty, 1_000).then(() => (isAwake = true));
    clock.advance(999);
    await turn();
    expect(isAwake).toBe(false);
    clock.advance(2);
    await turn();
    expect(isAwake).toBe(true);
  });

  test('a caller who gives up wakes at once, and no timer is left', async () => {
    const clock = createHandClock();
    const controller = new AbortController();
    const sleeping = sleep(clock, 1_000, controller.signal);
    controller.abort();
    expect(await sleeping).toBe(false);
    expect(clock.pending()).toBe(0);
    expect(await sleep(clock, 1_000, controller.signal)).toBe(false);
  });
});
