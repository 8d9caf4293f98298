import { expect, test } from 'vitest';
import type { Clock } from '../clock.ts';
import { makeTime, stoppable, wait } from './time.ts';

/** A clock that a test turns by hand. */
function handClock() {
  let nowMs = 0;
  let timers: { atMs: number; run(): void }[] = [];
  const clock: Clock = {
    monotonicMs: () => nowMs,
    now: () => new Date(nowMs),
    setTimer(ms, run) {
      const timer = { atMs: nowMs + ms, run };
      timers.push(timer);
      return () => void (timers = timers.filter((one) => one !== timer));
    },
  };
  const turn = (ms: number) => {
    nowMs += ms;
    const due = timers.filter((timer) => timer.atMs <= nowMs);
    timers = timers.filter((timer) => timer.atMs > nowMs);
    due.forEach((timer) => timer.run());
  };
  return { clock, turn, waiting: () => timers.length };
}

test('the story runs faster than the wire, from the moment that its speed is set', () => {
  const hand = handClock();
  const time = makeTime(hand.clock, 100);
  hand.turn(10);
  expect(time.story.monotonicMs()).toBe(1000);
  time.setScale(10);
  hand.turn(10);
  expect(time.story.monotonicMs()).toBe(1100);
  expect(time.story.now()).toEqual(hand.clock.now());
});

test('a wait in the story ends early in the wire, and at once when it is given up', async () => {
  const hand = handClock();
  const { story } = makeTime(hand.clock, 100);
  const minute = wait(story, 60_000);
  hand.turn(600);
  await minute;
  const stop = new AbortController();
  const hour = wait(story, 3_600_000, stop.signal);
  stop.abort();
  await hour;
  expect(hand.waiting()).toBe(0);
});

test('a stopped clock lets no timer live on', () => {
  const hand = handClock();
  const { clock, stop } = stoppable(hand.clock);
  let rang = 0;
  clock.setTimer(10, () => rang++);
  clock.setTimer(1000, () => rang++);
  hand.turn(10);
  stop();
  hand.turn(10_000);
  expect([rang, hand.waiting()]).toEqual([1, 0]);
});
