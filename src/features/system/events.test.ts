import { describe, expect, it } from 'vitest';
import { createHandClock } from '../../../test/harness/hand-clock.ts';
import { createEvents, type StoredEvent } from './events.ts';
import { createSteadyNews, NEWS_PAUSE_MS } from './steady-news.ts';

describe('news that come often', () => {
  it('are told at once, then at most once in a pause, and the last of a flood is told too', () => {
    const clock = createHandClock();
    const told: number[] = [];
    const news = createSteadyNews(clock, () => told.push(clock.monotonicMs()));
    for (let at = 0; at < 10_000; at += 1, clock.advance(1)) news('a tenant');
    clock.advance(60_000);
    expect(told).toEqual([0, 4_000, 8_000, 12_000]);
    news('a tenant');
    expect(told.at(-1)).toBe(70_000);
  });

  it('of one tenant hold back nobody else’s, and nothing is kept of those who are quiet', () => {
    const clock = createHandClock();
    const told: string[] = [];
    const news = createSteadyNews(clock, (key) => told.push(key));
    for (const key of ['a', 'b', 'a', 'b', 'c']) news(key);
    expect(told).toEqual(['a', 'b', 'c']);
    clock.advance(2 * NEWS_PAUSE_MS);
    expect(told.toSorted()).toEqual(['a', 'a', 'b', 'b', 'c']);
    expect(clock.pending()).toBe(0);
  });
});

describe('live updates', () => {
  const WIRE: ((payload: string) => void)[] = [];
  const replica = (origin: string) =>
    createEvents({
      clock: createHandClock(),
      origin,
      onFault: () => {},
      broadcast: {
        notify: async (_channel, payload) => WIRE.forEach((receive) => receive(payload)),
        listen: async (_channel, receive) => WIRE.push(receive),
      },
    });

  it('that are for operators reach operators of every tenant, on every replica, and nobody else', () => {
    const replicas = [replica('first'), replica('second')];
    const seen: string[] = [];
    const note = (name: string) => (event: StoredEvent) => void seen.push(`${name} ${event.type}`);
    for (const [index, events] of replicas.entries()) {
      events.subscribe({ tenantId: 'a', operator: true }, undefined, note(`operator of a at ${index}`));
      events.subscribe({ tenantId: 'b', operator: false }, undefined, note(`viewer of b at ${index}`));
    }
    replicas[0]!.publishToOperators({ type: 'webhook' });
    expect(seen).toEqual(['operator of a at 0 webhook', 'operator of a at 1 webhook']);
    replicas[0]!.publish('b', { type: 'assistant' });
    expect(seen.slice(2)).toEqual(['viewer of b at 0 assistant', 'viewer of b at 1 assistant']);
  });

  it('that were missed are resumed without those that were for others', () => {
    const events = replica('third');
    let last = '';
    events.subscribe({ tenantId: 'a', operator: true }, undefined, ({ sequence }) => void (last = sequence));
    events.publish(null, { type: 'release' });
    const from = last;
    events.publishToOperators({ type: 'webhook' });
    events.publish('b', { type: 'call' });
    const resumed: string[] = [];
    events.subscribe({ tenantId: 'a', operator: false }, from, ({ type }) => void resumed.push(type));
    events.publish('a', { type: 'call' });
    expect(resumed).toEqual(['call']);
  });
});
