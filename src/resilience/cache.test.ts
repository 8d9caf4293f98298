import { describe, expect, test } from 'vitest';
import { createHandClock } from '../../test/harness/hand-clock.ts';
import { createCache } from './cache.ts';
import type { ResilienceFact } from './facts.ts';

function setup(maxEntries = 100) {
  const clock = createHandClock();
  const facts: ResilienceFact[] = [];
  const times = { freshMs: 10_000, refreshBehindMs: 60_000, keepMs: 3_600_000, patienceMs: 1_500 };
  const cache = createCache<string>({
    name: 'settings',
    clock,
    emit: (fact) => facts.push(fact),
    maxEntries,
    ...times,
  });
  const loads: { resolve(value: string): void; reject(error: Error): void }[] = [];
  const load = () => new Promise<string>((resolve, reject) => loads.push({ resolve, reject }));
  const value = (text: string) => () => Promise.resolve(text);
  return { clock, cache, facts, loads, load, value };
}

const turn = () => new Promise(setImmediate);

describe('a cache', () => {
  test('asks the source once and serves what it said while it is fresh', async () => {
    const { cache, value, clock } = setup();
    expect(await cache.get('a', value('one'))).toEqual({
      value: 'one',
      asOf: new Date('2026-01-01T00:00:00Z'),
      stale: false,
    });
    clock.advance(9_999);
    expect((await cache.get('a', value('two'))).value).toBe('one');
  });

  test('has one fetch per key under way, whoever asks', async () => {
    const { cache, load, loads } = setup();
    const asking = [1, 2, 3].map(async () => cache.get('a', load));
    await turn();
    expect(loads).toHaveLength(1);
    loads[0]?.resolve('one');
    expect((await Promise.all(asking)).map(({ value }) => value)).toEqual(['one', 'one', 'one']);
  });

  test('serves an ageing value at once and refreshes it behind', async () => {
    const { cache, value, clock } = setup();
    await cache.get('a', value('one'));
    clock.advance(20_000);
    expect((await cache.get('a', value('two'))).value).toBe('one');
    await turn();
    expect(cache.peek('a')).toMatchObject({ value: 'two', asOf: new Date('2026-01-01T00:00:20Z') });
  });

  test('fetches an old value before it serves it', async () => {
    const { cache, value, clock } = setup();
    await cache.get('a', value('one'));
    clock.advance(120_000);
    expect((await cache.get('a', value('two'))).value).toBe('two');
  });

  test('serves the last known copy, marked stale, when the source fails, and says so once for each try', async () => {
    const { cache, value, clock, facts } = setup();
    await cache.get('a', value('one'));
    clock.advance(120_000);
    const away = () => Promise.reject(new Error('circuit breaker [vapi] is open'));
    expect(await cache.get('a', away)).toEqual({ value: 'one', asOf: new Date('2026-01-01T00:00:00Z'), stale: true });
    expect(facts).toEqual([
      { type: 'cache_refresh_failed', cache: 'settings', reason: 'circuit breaker [vapi] is open', ageMs: 120_000 },
    ]);
    expect((await cache.get('a', value('two'))).stale).toBe(false);
  });

  test('serves the last known copy when the source takes too long, and keeps what it brings later', async () => {
    const { cache, value, load, loads, clock } = setup();
    await cache.get('a', value('one'));
    clock.advance(120_000);
    const asking = cache.get('a', load);
    await turn();
    clock.advance(1_500);
    expect(await asking).toMatchObject({ value: 'one', stale: true });
    loads[0]?.resolve('two');
    await turn();
    expect(cache.peek('a')).toMatchObject({ value: 'two', stale: false });
    expect(clock.pending()).toBe(0);
  });

  test('an ageing value is marked stale once a refresh behind has failed', async () => {
    const { cache, value, clock } = setup();
    await cache.get('a', value('one'));
    clock.advance(20_000);
    const away = () => Promise.reject(new Error('away'));
    expect((await cache.get('a', away)).stale).toBe(false);
    await turn();
    expect((await cache.get('a', away)).stale).toBe(true);
  });

  test('gives the error of the source when there is nothing to serve, also when the copy is too old', async () => {
    const { cache, value, clock } = setup();
    const away = () => Promise.reject(new Error('away'));
    await expect(cache.get('a', away)).rejects.toThrow('away');
    await cache.get('a', value('one'));
    clock.advance(3_600_000);
    await expect(cache.get('a', away)).rejects.toThrow('away');
  });

  test('a source that throws at once is an error like any other', async () => {
    const { cache, value } = setup();
    const broken = () => {
      throw new Error('broken');
    };
    await expect(cache.get('a', broken)).rejects.toThrow('broken');
    expect((await cache.get('a', value('one'))).value).toBe('one');
  });

  test('what was written meanwhile is not overwritten by an older fetch', async () => {
    const { cache, load, loads } = setup();
    const asking = cache.get('a', load);
    await turn();
    cache.set('a', 'written');
    loads[0]?.resolve('older');
    await asking;
    expect(cache.peek('a')?.value).toBe('written');
  });

  test('what was forgotten meanwhile does not come back, and the next reader fetches anew', async () => {
    const { cache, load, loads } = setup();
    const asking = cache.get('a', load);
    await turn();
    cache.deleteByPrefix('a');
    const next = cache.get('a', load);
    await turn();
    loads[0]?.resolve('older');
    loads[1]?.resolve('newer');
    expect([(await asking).value, (await next).value]).toEqual(['older', 'newer']);
    expect(cache.peek('a')?.value).toBe('newer');
  });

  test('keeps the most recently used', async () => {
    const { cache, value } = setup(2);
    for (const key of ['a', 'b', 'a', 'c']) await cache.get(key, value(key));
    expect([cache.size, cache.peek('a')?.value, cache.peek('b')]).toEqual([2, 'a', undefined]);
  });
});
