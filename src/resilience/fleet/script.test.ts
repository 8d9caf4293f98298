/** The protocol in Lua, held against the same in TypeScript: any orders at any times give the same records and the same answers. */
import * as fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startRedis, type TestRedis } from '../../../test/harness/redis.ts';
import { testScale, testSeed } from '../../../test/harness/result.ts';
import { decide, type FleetOrder, freshRecord } from './protocol.ts';
import { DECIDE } from './script.ts';

let server: TestRedis;
let redis: Redis;
beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
});
afterAll(async () => {
  redis?.disconnect();
  await server?.stop();
});

const SETTINGS = { threshold: 3, recoveryMs: 100, successThreshold: 2 };

const orders = fc.oneof(
  fc.record({
    type: fc.constant('failed' as const),
    replica: fc.constantFrom('a', 'b', 'c'),
    reason: fc.constantFrom('it answered 500', 'it "hung" — ü'),
    liveReplicas: fc.constantFrom(1, 2, 3),
  }),
  fc.record({ type: fc.constant('answered' as const) }),
  fc.record({ type: fc.constant('lease' as const), leaseMs: fc.constantFrom(20, 50) }),
  fc.record({
    type: fc.constant('probe' as const),
    lease: fc.integer({ min: 1, max: 12 }),
    outcome: fc.constantFrom('good' as const, 'bad' as const, 'none' as const),
    reason: fc.constant('the probe failed'),
  }),
  fc.record({
    type: fc.constant('isolate' as const),
    reason: fc.constant('maintenance'),
    author: fc.constant('ann'),
    forMs: fc.constantFrom(-1, 80),
    again: fc.boolean(),
  }),
  fc.record({
    type: fc.constant('close' as const),
    reason: fc.constant('repaired'),
    author: fc.constant('ben'),
    epoch: fc.integer({ min: 0, max: 6 }),
  }),
);
const steps = fc.array(fc.tuple(orders, fc.constantFrom(0, 10, 60, 110)), { maxLength: 30 });

test('Redis decides exactly as the protocol says', async () => {
  const seed = testSeed();
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      runs += 1;
      const keys = ['record', 'fences', 'live', 'names', 'born'].map((key) => `{t}:${seed}:${runs}:${key}`);
      let record = freshRecord;
      let fences = 0;
      let nowMs = 1_000;
      for (const [order, afterMs] of list) {
        nowMs += afterMs;
        const expected = decide(record, order as FleetOrder, nowMs, SETTINGS, () => (fences += 1));
        const args = ['vapi', JSON.stringify(order), JSON.stringify(SETTINGS), 5_000, 'channel', nowMs];
        const [reply, text] = (await redis.eval(DECIDE, 5, ...keys, ...args)) as [string | number, string];
        const wanted = typeof expected.reply === 'object' ? expected.reply.leased : expected.reply;
        expect([reply, JSON.parse(text)]).toEqual([wanted, expected.record]);
        record = expected.record;
      }
    }),
    { seed, numRuns: 200 * testScale() },
  );
});
