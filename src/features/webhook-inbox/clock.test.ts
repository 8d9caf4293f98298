import { expect, test } from 'vitest';
import { createHandClock } from '../../../test/harness/hand-clock.ts';
import type { Database } from '../../db/connect.ts';
import type { Log } from '../../log.ts';
import { createInboxClock } from './clock.ts';

const TENANTS = ['one'];

/** Rounds that find as many messages as the test says. */
function opened() {
  const clock = createHandClock();
  const rounds: number[] = [];
  const found: number[] = [];
  const db = { listen: async () => async () => {}, notify: async () => {} } as unknown as Database;
  const run = async () => {
    rounds.push(clock.monotonicMs());
    return found.shift() ?? 0;
  };
  const inbox = createInboxClock({ db, clock, log: { warn: () => {} } as unknown as Log, processing: { run } });
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  return { clock, rounds, found, inbox, turn };
}

test('a webhook that comes alone is processed at once, also just after a look that found nothing', async () => {
  const { rounds, found, inbox, turn } = opened();
  inbox.start();
  await turn();
  found.push(1);
  inbox.wake(TENANTS);
  await turn();
  expect(rounds).toEqual([0, 0]);
  await inbox.stop();
});

test('in a flow the next round gathers what comes within a tenth of a second, and takes it together', async () => {
  const { clock, rounds, found, inbox, turn } = opened();
  inbox.start();
  await turn();
  found.push(1, 30, 1);
  for (let webhook = 0; webhook < 31; webhook += 1) {
    inbox.wake(TENANTS);
    await turn();
    clock.advance(2);
  }
  expect(rounds).toEqual([0, 0]);
  clock.advance(38);
  await turn();
  expect(rounds).toEqual([0, 0, 100]);
  await inbox.stop();
});

test('the end waits for no clock, and nothing runs after it', async () => {
  const { clock, rounds, found, inbox, turn } = opened();
  found.push(5);
  inbox.start();
  await turn();
  inbox.wake(TENANTS);
  await turn();
  expect(rounds).toEqual([0]);
  await inbox.stop();
  clock.advance(10_000);
  await turn();
  expect(rounds).toEqual([0]);
});
