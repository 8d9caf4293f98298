/** Three guards over one real Redis, as three replicas would be; their upstream is a function that counts its hits. */
import { Redis } from 'ioredis';
import { afterEach, describe, expect, test } from 'vitest';
import { startRedis, type TestRedis } from '../../../test/harness/redis.ts';
import { printResult } from '../../../test/harness/result.ts';
import { until } from '../../../test/harness/until.ts';
import { systemClock } from '../../clock.ts';
import type { ResilienceFact } from '../facts.ts';
import { defaultGuardSettings } from '../guard-settings.ts';
import { createGuard, type Guard } from '../guard.ts';
import { UpstreamError } from '../upstream-error.ts';
import { createFleetOverRedis } from './join.ts';

const THRESHOLD = 3;
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

type Replica = { guard: Guard; facts: ResilienceFact[]; network: { isBroken: boolean } };
type House = {
  redis: TestRedis;
  upstream: { isDown: boolean; hits: number };
  add(): Promise<Replica>;
  replicas: Replica[];
};

async function setup({ recoveryMs = 300, replicas = 3 } = {}): Promise<House> {
  let server = await startRedis();
  closers.push(() => server.stop());
  const upstream = { isDown: false, hits: 0 };
  const house: House = {
    get redis() {
      return server;
    },
    set redis(next) {
      server = next;
    },
    upstream,
    replicas: [],
    async add() {
      const redis = new Redis(server.url, {
        enableOfflineQueue: false,
        maxRetriesPerRequest: 0,
        commandTimeout: 2_000,
        retryStrategy: () => 50,
      });
      redis.on('error', () => {});
      await new Promise((resolve) => redis.once('ready', resolve));
      const facts: ResilienceFact[] = [];
      const emit = (fact: ResilienceFact) => void facts.push(fact);
      const breaker = { ...defaultGuardSettings.breaker, threshold: THRESHOLD, recoveryMs };
      const settings = { ...defaultGuardSettings, breaker };
      const replica = `r${house.replicas.length + 1}`;
      const fleet = createFleetOverRedis({
        redis,
        clock: systemClock,
        emit,
        replica,
        settings: breaker,
        waitMs: 1_000,
        beatEveryMs: 50,
      });
      const guard = createGuard({ clock: systemClock, random: Math.random, emit, settings, fleet });
      guard.upstream('vapi', {});
      await guard.joinFleet();
      closers.push(() => {
        fleet.stop();
        redis.disconnect();
      });
      const made = { guard, facts, network: { isBroken: false } };
      house.replicas.push(made);
      return made;
    },
  };
  for (let index = 0; index < replicas; index += 1) await house.add();
  return house;
}

/** One call through a replica: `ok`, or the kind of its error. */
async function call({ upstream }: House, { guard, network }: Replica, tenant = 'a'): Promise<string> {
  const failure = () =>
    new UpstreamError({ kind: 'upstream', upstream: 'vapi', detail: 'it answered 500', connected: true, status: 500 });
  try {
    return await guard.run({
      upstream: 'vapi',
      credential: { key: `key-${tenant}`, tenant },
      operation: 'assistant.get',
      lane: 'api',
      repeatable: false,
      deadlineMs: 10_000,
      attemptTimeoutMs: 5_000,
      attempt: async () => {
        if (network.isBroken) throw failure();
        upstream.hits += 1;
        // The answer takes a turn, so that calls overlap.
        await new Promise(setImmediate);
        if (upstream.isDown) throw failure();
        return 'ok';
      },
    });
  } catch (error) {
    return (error as UpstreamError).kind;
  }
}

const stateOf = ({ guard }: Replica, name = 'vapi') =>
  guard.circuits().find(({ circuit }) => circuit === name)?.state ?? 'closed';
const count = ({ facts }: Replica, type: ResilienceFact['type'], circuit = 'vapi') =>
  facts.filter((fact) => fact.type === type && 'circuit' in fact && fact.circuit === circuit).length;
const everywhere = (house: House, state: string, name = 'vapi') =>
  until(`[${name}] is ${state} everywhere`, () => house.replicas.every((replica) => stateOf(replica, name) === state));

/** Calls in turn on every replica until each of them refuses. */
async function openEverywhere(house: House): Promise<number> {
  const before = house.upstream.hits;
  await until('every replica refuses', async () => {
    for (const replica of house.replicas) await call(house, replica);
    return house.replicas.every((replica) => stateOf(replica) !== 'closed');
  });
  return house.upstream.hits - before;
}

describe('circuits of three replicas', () => {
  test('open for all of them when the upstream dies, after no more failures than one replica alone would need', async () => {
    const house = await setup({ recoveryMs: 30_000 });
    for (const replica of house.replicas) expect(await call(house, replica)).toBe('ok');
    house.upstream.isDown = true;
    const failures = await openEverywhere(house);
    const pass = failures <= THRESHOLD * 3 + 3;
    printResult({
      id: 'R07',
      value: failures,
      unit: 'upstream failures before all replicas refuse',
      goal: '<=3 + in flight (3)',
      floor: '<=9 + in flight',
      pass,
      n: 3,
    });
    expect(failures).toBeLessThanOrEqual(THRESHOLD * 3 + 3);
    for (const replica of house.replicas) expect(count(replica, 'breaker_opening')).toBe(1);
  });

  test('give exactly one probe in each period, whoever asks, and close everywhere by the probes of any of them', async () => {
    const house = await setup();
    house.upstream.isDown = true;
    await openEverywhere(house);
    const periods = 20;
    const perPeriod: number[] = [];
    for (let period = 0; period < periods; period += 1) {
      const before = house.upstream.hits;
      const openings = house.replicas.map((replica) => count(replica, 'breaker_opening'));
      const stillOpen = () =>
        house.replicas.every((replica, index) => count(replica, 'breaker_opening') === openings[index]);
      await until('a probe has failed', async () => {
        await Promise.all(house.replicas.flatMap((replica) => [call(house, replica), call(house, replica)]));
        return !stillOpen();
      });
      perPeriod.push(house.upstream.hits - before);
    }
    const most = Math.max(...perPeriod);
    const total = perPeriod.reduce((sum, hits) => sum + hits, 0);
    printResult({
      id: 'R05',
      value: total / periods,
      unit: 'probes per period with Redis',
      goal: '1',
      floor: '<=3',
      pass: most <= 3,
      n: periods,
    });
    expect(perPeriod).toEqual(perPeriod.map(() => 1));

    house.upstream.isDown = false;
    await until('all are closed', async () => {
      for (const replica of house.replicas) await call(house, replica);
      return house.replicas.every((replica) => stateOf(replica) === 'closed');
    });
    for (const replica of house.replicas) expect(count(replica, 'breaker_closing')).toBe(1);
  });

  test('stay closed elsewhere when the network of one replica alone is broken', async () => {
    const house = await setup({ recoveryMs: 200 });
    const [broken, ...healthy] = house.replicas as [Replica, ...Replica[]];
    broken.network.isBroken = true;
    for (let turn = 0; turn < 100; turn += 1) {
      await call(house, broken);
      for (const replica of healthy) expect(await call(house, replica)).toBe('ok');
    }
    expect(stateOf(broken)).not.toBe('closed');
    for (const replica of healthy) expect(count(replica, 'breaker_opening')).toBe(0);
    broken.network.isBroken = false;
    await until('it is well again', async () => (await call(house, broken)) === 'ok' && stateOf(broken) === 'closed');
  });

  test('are inherited by a replica that joins later', async () => {
    const house = await setup({ recoveryMs: 30_000 });
    house.upstream.isDown = true;
    await openEverywhere(house);
    const late = await house.add();
    expect(stateOf(late)).toBe('open');
    const before = house.upstream.hits;
    expect(await call(house, late)).toBe('circuit_open');
    expect(house.upstream.hits).toBe(before);
  });

  test('are isolated and closed by hand on all of them, and what was ordered outlives the memory of Redis', async () => {
    const house = await setup();
    const [first, second] = house.replicas as [Replica, Replica, Replica];
    first.guard.isolate('vapi', { reason: 'maintenance', author: 'ann', forMs: null });
    await everywhere(house, 'isolated');
    expect(await call(house, second)).toBe('circuit_open');
    const { port } = house.redis;
    await house.redis.kill();
    await until('all have noticed', () =>
      house.replicas.every(({ facts }) => facts.some(({ type }) => type === 'fleet_lost')),
    );
    house.redis = await startRedis({ port });
    const late = await house.add();
    await until('the new one has heard of it', () => stateOf(late) === 'isolated');
    second.guard.close('vapi', { reason: 'repaired', author: 'ben' });
    await everywhere(house, 'closed');
    for (const replica of house.replicas) expect(count(replica, 'breaker_closing')).toBe(1);
  });

  test('go by themselves while Redis is dead, one probe for each replica and period, and come together when it is back', async () => {
    const house = await setup({ recoveryMs: 400 });
    const { port } = house.redis;
    await house.redis.kill();
    await until('all have noticed', () =>
      house.replicas.every(({ facts }) => facts.some(({ type }) => type === 'fleet_lost')),
    );
    house.upstream.isDown = true;
    await openEverywhere(house);
    const openingsOf = () => house.replicas.reduce((sum, replica) => sum + count(replica, 'breaker_opening'), 0);
    const [hitsBefore, openingsBefore] = [house.upstream.hits, openingsOf()];
    await until('each has probed three times', async () => {
      await Promise.all(house.replicas.map((replica) => call(house, replica)));
      return openingsOf() - openingsBefore >= 9;
    });
    const perPeriod = (house.upstream.hits - hitsBefore) / ((openingsOf() - openingsBefore) / 3);
    printResult({
      id: 'R05',
      value: perPeriod,
      unit: 'probes per period without Redis',
      goal: '<=3',
      floor: '<=3',
      pass: perPeriod <= 3,
      n: 3,
    });
    expect(perPeriod).toBeLessThanOrEqual(3);

    house.redis = await startRedis({ port });
    await until('all are back', () =>
      house.replicas.every(({ facts }) => facts.some(({ type }) => type === 'fleet_found')),
    );
    house.upstream.isDown = false;
    await until('all are closed', async () => {
      for (const replica of house.replicas) await call(house, replica);
      return house.replicas.every(
        (replica) => stateOf(replica) === 'closed' && stateOf(replica, 'vapi/a') === 'closed',
      );
    });
  });

  test('are asked for nothing while they are closed, also when Redis hangs; a probe waits for a bounded time', async () => {
    const house = await setup({ recoveryMs: 100 });
    house.redis.pause();
    closers.push(() => house.redis.resume());
    for (const replica of house.replicas) expect(await call(house, replica)).toBe('ok');
    house.upstream.isDown = true;
    await openEverywhere(house);
    house.upstream.isDown = false;
    await until('all are closed', async () => {
      for (const replica of house.replicas) await call(house, replica);
      return house.replicas.every((replica) => stateOf(replica) === 'closed');
    });
    house.redis.resume();
    await until('all are back', () =>
      house.replicas.every(({ facts }) => facts.some(({ type }) => type === 'fleet_found')),
    );
    for (const replica of house.replicas) expect(await call(house, replica)).toBe('ok');
  });
});
