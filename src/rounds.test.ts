import { setImmediate as turnOfLoop } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createHandClock } from '../test/harness/hand-clock.ts';
import { createRounds } from './rounds.ts';

const PATIENCE_MS = 60_000;

/** Work that ends when the test says so. */
function startRounds() {
  const clock = createHandClock();
  const begun: string[] = [];
  const faults: string[] = [];
  const slow: string[] = [];
  const ends = new Map<string, { resolve(): void; reject(error: Error): void }>();
  const round = createRounds({
    clock,
    mostAtOnce: 4,
    patienceMs: PATIENCE_MS,
    onFault: (key, error) => faults.push(`${key}: ${String(error)}`),
    onSlow: (key) => slow.push(key),
  });
  const work = (key: string) => {
    begun.push(key);
    return new Promise<void>((resolve, reject) => ends.set(key, { resolve, reject }));
  };
  return { clock, begun, faults, slow, ends, go: (keys: string[]) => round(keys, work) };
}

const TENANTS = ['a', 'b', 'c', 'd', 'e', 'f'];

describe('work for every tenant', () => {
  it('is done for four at once, and the next begins when one of them has ended', async () => {
    const { begun, ends, go } = startRounds();
    const whole = go(TENANTS);
    expect(begun).toEqual(['a', 'b', 'c', 'd']);
    ends.get('c')!.resolve();
    await turnOfLoop();
    expect(begun).toEqual(['a', 'b', 'c', 'd', 'e']);
    for (const key of ['a', 'b', 'd', 'e']) ends.get(key)!.resolve();
    await turnOfLoop();
    ends.get('f')!.resolve();
    await whole;
  });

  it('goes on after one that failed, and says of whom', async () => {
    const { begun, faults, ends, go } = startRounds();
    const whole = go(['a', 'b']);
    ends.get('a')!.reject(new Error('no answer'));
    ends.get('b')!.resolve();
    await whole;
    expect([begun, faults]).toEqual([['a', 'b'], ['a: Error: no answer']]);
  });

  it('is held up by nobody: four that hang keep their places for a minute and no longer', async () => {
    const { clock, begun, slow, ends, go } = startRounds();
    const whole = go(TENANTS);
    clock.advance(PATIENCE_MS - 1);
    await turnOfLoop();
    expect(begun).toEqual(['a', 'b', 'c', 'd']);
    clock.advance(1);
    await turnOfLoop();
    expect(begun).toEqual(TENANTS);
    expect(slow).toEqual(['a', 'b', 'c', 'd']);
    for (const key of ['e', 'f']) ends.get(key)!.resolve();
    await whole;
  });

  it('is never done twice at once for the same tenant, and again once it has ended', async () => {
    const { clock, begun, ends, go } = startRounds();
    const first = go(['a']);
    clock.advance(PATIENCE_MS);
    await first;
    await go(['a']);
    expect(begun).toEqual(['a']);
    ends.get('a')!.resolve();
    await turnOfLoop();
    const third = go(['a']);
    expect(begun).toEqual(['a', 'a']);
    ends.get('a')!.resolve();
    await third;
  });
});
