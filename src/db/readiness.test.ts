import { setImmediate as turnOfLoop } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Clock } from '../clock.ts';
import { askWhetherReady, type Readiness } from './readiness.ts';

/** A clock that runs on while nothing else does, as on a machine that is starved: what fell due meanwhile runs late. */
function startClock() {
  let nowMs = 0;
  const timers = new Set<{ dueMs: number; run: () => void }>();
  const clock: Clock = {
    monotonicMs: () => nowMs,
    now: () => new Date(nowMs),
    setTimer(ms, run) {
      const timer = { dueMs: nowMs + ms, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
  };
  return {
    clock,
    waiting: () => timers.size,
    async pass(ms: number, stepMs = ms) {
      for (const endMs = nowMs + ms; nowMs < endMs;) {
        nowMs += stepMs;
        const due = [...timers].filter((timer) => timer.dueMs <= nowMs).sort((a, b) => a.dueMs - b.dueMs);
        for (const timer of due) if (timers.delete(timer)) timer.run();
        await turnOfLoop();
      }
    },
  };
}

/** A database that answers when the test says so. */
function startAsking(clock: Clock) {
  const asked: ((answer: Readiness) => void)[] = [];
  const verdict = askWhetherReady(clock, () => new Promise((resolve) => asked.push(resolve)));
  return { asked, verdict };
}

describe('whether the database is ready', () => {
  it('is no after a second without an answer, at the first miss', async () => {
    const { clock, pass, waiting } = startClock();
    const { asked, verdict } = startAsking(clock);
    await pass(1_000, 10);
    expect(await verdict).toEqual({ isReady: false, reason: 'no answer within a second' });
    expect([asked.length, waiting()]).toEqual([1, 0]);
  });

  it('is asked again when the process stood still meanwhile, and is yes when the answer was only unread', async () => {
    const { clock, pass, waiting } = startClock();
    const { asked, verdict } = startAsking(clock);
    await pass(3_000);
    expect(asked).toHaveLength(2);
    asked[1]!({ isReady: true });
    expect(await verdict).toEqual({ isReady: true });
    expect(waiting()).toBe(0);
  });

  it('is no in the end although the process stands still again and again', async () => {
    const { clock, pass } = startClock();
    const { asked, verdict } = startAsking(clock);
    for (let turn = 0; turn < 3; turn += 1) await pass(1_500);
    expect(await verdict).toMatchObject({ isReady: false });
    expect(asked).toHaveLength(3);
  });

  it('is no at once where the database refuses', async () => {
    const { clock } = startClock();
    const { asked, verdict } = startAsking(clock);
    asked[0]!({ isReady: false, reason: 'refused' });
    expect(await verdict).toEqual({ isReady: false, reason: 'refused' });
  });
});
