import { Redis } from 'ioredis';
import { afterEach, describe, expect, test } from 'vitest';
import { createHandClock } from '../../test/harness/hand-clock.ts';
import { startRedis } from '../../test/harness/redis.ts';
import { printResult, testScale } from '../../test/harness/result.ts';
import { until } from '../../test/harness/until.ts';
import { systemClock } from '../clock.ts';
import type { ResilienceFact } from './facts.ts';
import { createRedisRateLimiter } from './rate-limit-redis.ts';
import type { RateLimiter } from './rate-limit.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function setup({ replicas = 3 } = {}) {
  const server = await startRedis();
  closers.push(() => server.stop());
  const facts: ResilienceFact[] = [];
  const connect = () => {
    const redis = new Redis(server.url, { retryStrategy: () => 50, maxRetriesPerRequest: 1 });
    redis.on('error', () => {});
    closers.push(() => redis.disconnect());
    return redis;
  };
  const limiters = Array.from({ length: replicas }, () =>
    createRedisRateLimiter({
      redis: connect(),
      clock: systemClock,
      emit: (fact) => facts.push(fact),
      replicas,
      waitMs: 500,
      retryEveryMs: 50,
    }),
  );
  return { server, facts, limiters, first: limiters[0]!, connect };
}

const ask = async (limiter: RateLimiter, key: string, limit = 10, windowMs = 60_000) =>
  limiter.take({ key, limit, windowMs });

async function allowedOf(count: number, limiters: readonly RateLimiter[], key: string, limit = 10): Promise<number> {
  const asked = Array.from({ length: count }, (_, index) => ask(limiters[index % limiters.length]!, key, limit));
  return (await Promise.all(asked)).filter(({ allowed }) => allowed).length;
}

describe('limits shared through Redis', () => {
  test('of fifteen at once over three replicas exactly ten pass, for every user', async () => {
    const { limiters, facts } = await setup();
    const users = 1_000 * testScale();
    let exact = 0;
    for (let user = 0; user < users; user += 1) {
      if ((await allowedOf(15, limiters, `user-${user}`)) === 10) exact += 1;
    }
    const degraded = facts.length;
    printResult({
      id: 'R26',
      value: exact,
      unit: 'runs with exactly 10 of 15',
      goal: '1,000 of 1,000',
      floor: '1,000 of 1,000',
      pass: exact === users,
      n: users,
    });
    expect([exact, degraded]).toEqual([users, 0]);
  });

  test('its answers tell the truth', async () => {
    const { first } = await setup();
    expect(await ask(first, 'ann', 2)).toEqual({
      allowed: true,
      limit: 2,
      remaining: 1,
      resetMs: 60_000,
      retryAfterMs: 0,
    });
    expect(await ask(first, 'ann', 2)).toMatchObject({ allowed: true, remaining: 0 });
    const refused = await ask(first, 'ann', 2);
    expect(refused).toMatchObject({ allowed: false, remaining: 0 });
    expect(refused.retryAfterMs).toBeGreaterThan(59_000);
    expect(refused.retryAfterMs).toBeLessThanOrEqual(60_000);
  });

  test('the window slides, and Retry-After comes true', async () => {
    const { first } = await setup();
    for (let index = 0; index < 3; index += 1) await ask(first, 'ann', 3, 400);
    const { retryAfterMs } = await ask(first, 'ann', 3, 400);
    await new Promise((resolve) => setTimeout(resolve, Math.ceil(retryAfterMs) + 1));
    expect((await ask(first, 'ann', 3, 400)).allowed).toBe(true);
  });

  test('above a thousand no more than the limit pass, in little memory', async () => {
    const { limiters, connect } = await setup();
    let allowed = 0;
    for (let round = 0; round < 15; round += 1) allowed += await allowedOf(200, limiters, 'big', 2_000);
    expect(allowed).toBe(2_000);
    expect(await connect().llen('ava:limit:{big}')).toBeLessThan(1_100);
  });

  test('keys leave Redis when their window is over', async () => {
    const { first, connect } = await setup();
    const redis = connect();
    await ask(first, 'ann', 10, 100);
    await until('the keys are gone', async () => (await redis.dbsize()) === 0);
  });
});

describe('when Redis is away', () => {
  test('a frozen Redis delays one request a little and none after it; each replica gives its share; once thawed the limits are shared again', async () => {
    const { server, first, facts } = await setup();
    expect(await allowedOf(4, [first], 'ann')).toBe(4);
    server.pause();
    expect((await ask(first, 'bob')).allowed).toBe(true);
    expect(facts).toMatchObject([{ type: 'limiter_degraded', replicas: 3, reason: 'no answer within 500 ms' }]);
    // A share of ten over three is three, and bob has had one.
    expect(await allowedOf(15, [first], 'bob')).toBe(2);
    server.resume();
    await until('the limiter has recovered', async () => {
      await ask(first, 'probe', 1_000);
      return facts.some(({ type }) => type === 'limiter_recovered');
    });
    // Three were counted locally and were handed over.
    expect(await allowedOf(15, [first], 'bob')).toBeLessThanOrEqual(7);
    expect(await allowedOf(15, [first], 'ann')).toBe(6);
  });

  test('a killed Redis fails no request, and the limits are shared again when it is back', async () => {
    const { server, limiters, facts, first, connect } = await setup();
    expect(await allowedOf(15, limiters, 'ann')).toBe(10);
    await server.kill();
    const passed = await allowedOf(60, limiters, 'bob');
    expect(passed).toBeLessThanOrEqual(9);
    expect(facts.filter(({ type }) => type === 'limiter_degraded')).toHaveLength(3);
    const again = await startRedis({ port: server.port });
    closers.push(() => again.stop());
    await until('every replica has recovered', async () => {
      for (const limiter of limiters) await ask(limiter, 'probe', 1_000);
      return facts.filter(({ type }) => type === 'limiter_recovered').length === 3;
    });
    const redis = connect();
    await until('what each replica counted is in Redis', async () => (await redis.llen('ava:limit:{bob}')) === passed);
    expect(passed + (await allowedOf(15, limiters, 'bob'))).toBe(10);
    expect((await ask(first, 'bob')).allowed).toBe(false);
  });

  test('what was counted locally is not forgotten when Redis is tried in vain', async () => {
    const clock = createHandClock();
    const away = () => Promise.reject(new Error('away'));
    const limiter = createRedisRateLimiter({
      redis: { evalsha: away, eval: away },
      clock,
      emit: () => {},
      replicas: 1,
    });
    let allowed = 0;
    for (let index = 0; index < 50; index += 1) {
      if ((await ask(limiter, 'ann')).allowed) allowed += 1;
      clock.advance(1_000);
    }
    expect(allowed).toBe(10);
  });

  test('while Redis is away it is asked now and then, not for every request', async () => {
    const clock = createHandClock();
    let asked = 0;
    const redis = {
      evalsha: () => ((asked += 1), Promise.reject(new Error('away'))),
      eval: () => Promise.reject(new Error('away')),
    };
    const limiter = createRedisRateLimiter({
      redis,
      clock,
      emit: () => {},
      replicas: 1,
      retryEveryMs: 500,
    });
    for (let index = 0; index < 100; index += 1) {
      await ask(limiter, `user-${index}`);
      clock.advance(10);
    }
    expect(asked).toBe(2);
  });
});
