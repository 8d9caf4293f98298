import { randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createHandClock } from '../../../test/harness/hand-clock.ts';
import { printResult } from '../../../test/harness/result.ts';
import { DatabaseUnavailable } from '../../db/unavailable.ts';
import { createAccessTokens } from './access-token.ts';
import { createAuthenticate } from './authenticate.ts';
import { createSessionCache } from './session-cache.ts';
import type { ActiveSession } from './store.ts';

const SESSION: ActiveSession = {
  userId: 'u1',
  email: 'a@example.test',
  operator: false,
  role: 'editor',
  synthetic: false,
  expiresAtMs: Number.MAX_SAFE_INTEGER,
};

function setUp(maxEntries = 100) {
  const clock = createHandClock();
  const loads: { resolve(session: ActiveSession | undefined): void; reject(error: Error): void }[] = [];
  const load = () => new Promise<ActiveSession | undefined>((resolve, reject) => void loads.push({ resolve, reject }));
  return { clock, loads, cache: createSessionCache({ clock, load, maxEntries }) };
}

describe('what is known of sessions', () => {
  it('costs one look for a thousand requests within half a second', async () => {
    const { cache, loads } = setUp();
    const first = cache.find('s', 't');
    const joined = cache.find('s', 't');
    loads[0]!.resolve(SESSION);
    expect(await Promise.all([first, joined])).toEqual([SESSION, SESSION]);
    for (let i = 0; i < 1000; i += 1) expect(cache.find('s', 't')).toBe(SESSION);
    expect(loads).toHaveLength(1);
  });

  it('is fetched anew behind from half a second on, and waited for from one second on', async () => {
    const { cache, clock, loads } = setUp();
    const first = cache.find('s', 't');
    loads[0]!.resolve(SESSION);
    await first;
    clock.advance(500);
    expect(cache.find('s', 't')).toBe(SESSION);
    expect(cache.find('s', 't')).toBe(SESSION);
    expect(loads).toHaveLength(2);
    clock.advance(500);
    const waiting = cache.find('s', 't');
    expect(waiting).toBeInstanceOf(Promise);
    loads[1]!.resolve(undefined);
    expect(await waiting).toBeUndefined();
  });

  it('does not keep what was read before a change that came meanwhile, nor give it to who asks after', async () => {
    const { cache, loads } = setUp();
    const before = cache.find('s', 't');
    cache.forgetUser('u1');
    const after = cache.find('s', 't');
    loads[1]!.resolve(undefined);
    expect(await after).toBeUndefined();
    loads[0]!.resolve(SESSION);
    expect(await before).toBe(SESSION);
    expect(cache.find('s', 't')).toBeUndefined();
  });

  it('is as old as the moment when it was asked for, not when the answer came', async () => {
    const { cache, clock, loads } = setUp();
    const first = cache.find('s', 't');
    clock.advance(900);
    loads[0]!.resolve(SESSION);
    await first;
    clock.advance(100);
    expect(cache.find('s', 't')).toBeInstanceOf(Promise);
    expect(loads).toHaveLength(2);
  });

  it('does not wait for a look that hangs for longer than a second', async () => {
    const { cache, clock, loads } = setUp();
    void cache.find('s', 't');
    clock.advance(1_000);
    const second = cache.find('s', 't');
    expect(loads).toHaveLength(2);
    loads[1]!.resolve(SESSION);
    expect(await second).toBe(SESSION);
  });

  it('is of one tenant, and a session that did not stand is looked for again after any change', async () => {
    const { cache, loads } = setUp();
    const here = cache.find('s', 'here');
    loads[0]!.resolve(undefined);
    expect(await here).toBeUndefined();
    const there = cache.find('s', 'there');
    loads[1]!.resolve(SESSION);
    expect(await there).toBe(SESSION);
    cache.forgetUser('somebody else');
    expect(cache.find('s', 'there')).toBe(SESSION);
    expect(cache.find('s', 'here')).toBeInstanceOf(Promise);
    expect(loads).toHaveLength(3);
  });

  it('holds no more sessions than it may', async () => {
    const { cache, loads } = setUp(10);
    for (let i = 0; i < 11; i += 1) {
      const found = cache.find(`s${i}`, 't');
      loads.at(-1)!.resolve(SESSION);
      await found;
    }
    expect(cache.find('s10', 't')).toBe(SESSION);
    expect(cache.find('s0', 't')).toBeInstanceOf(Promise);
  });

  it('lets nobody in while the store fails, hangs or has been gone for a second', async () => {
    const { cache, clock, loads } = setUp();
    const tokens = createAccessTokens({ secrets: { secretKey: randomBytes(32).toString('hex') }, clock });
    const authenticate = createAuthenticate({ tokens, sessions: cache, clock });
    const token = tokens.issue({ userId: 'u1', tenantId: randomUUID(), sessionId: randomUUID() }, 900);
    let letIn = 0;
    const attempt = async (settle: (load: (typeof loads)[number]) => void) => {
      const count = loads.length;
      const outcome = (async () => authenticate(token))().then(
        () => (letIn += 1),
        (error: Error) => error,
      );
      if (loads.length > count) settle(loads.at(-1)!);
      return outcome;
    };
    const away = new DatabaseUnavailable(new Error('away'));
    expect(await attempt((load) => load.reject(away))).toMatchObject({ code: 'database_unavailable', status: 503 });
    expect(await attempt((load) => load.reject(new Error('broken')))).toMatchObject({ message: 'broken' });
    expect(await attempt((load) => load.resolve(undefined))).toMatchObject({ code: 'unauthenticated' });
    cache.forgetAll();
    await attempt((load) => load.resolve(SESSION));
    expect(letIn).toBe(1);
    clock.advance(1000);
    expect(await attempt((load) => load.reject(away))).toMatchObject({ code: 'database_unavailable' });
    clock.advance(600);
    expect(await attempt((load) => load.reject(away))).toMatchObject({ code: 'database_unavailable' });
    printResult({ id: 'S27', value: letIn - 1, unit: 'let through', goal: '0', floor: '0', pass: letIn === 1, n: 5 });
    expect(letIn).toBe(1);
  });
});
