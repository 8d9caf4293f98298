/** One limit for all replicas: exact while Redis answers, bounded while it is dead, and exact again when it is back. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { printResult, testScale } from '../harness/result.ts';
import { until } from '../harness/until.ts';
import { type Fleet, get, keepBusy, startFleet } from './fleet.ts';

const LIMITED = '/api/v1/ops/circuit-breakers';
const OTHER_GROUP = '/api/v1/ops/audit';
const LIMIT = 10;
const REPLICAS = 3;

let fleet: Fleet;
beforeAll(async () => {
  fleet = await startFleet({ size: REPLICAS });
  await fleet.replicas[0]!.owner();
}, 300_000);
afterAll(() => fleet?.stop());

/** Fifteen at once, five on each replica; resolves to their statuses. */
function fifteen(token: string, target = LIMITED): Promise<number[]> {
  return Promise.all(Array.from({ length: 15 }, (_, index) => get(fleet.replicas[index % REPLICAS]!, token, target)));
}

const passesOf = (statuses: number[]) => statuses.filter((status) => status === 200).length;
const isExact = (statuses: number[]) => passesOf(statuses) === LIMIT && statuses.every((s) => s === 200 || s === 429);

describe('limits on three replicas', () => {
  test('of fifteen requests at once exactly ten pass, for every user, each group of routes by itself', async () => {
    const users = 100 * testScale();
    const tokens = await fleet.tokensOf(users);
    const wrong: number[][] = [];
    for (const [index, token] of tokens.entries()) {
      const statuses = await fifteen(token);
      if (!isExact(statuses)) wrong.push(statuses);
      if (index % 10 === 0 && passesOf(await fifteen(token, OTHER_GROUP)) !== LIMIT) wrong.push([]);
    }
    const exact = users - wrong.length;
    printResult({
      id: 'R26',
      value: exact,
      unit: 'users with exactly 10 of 15 over 3 replicas',
      goal: `${users}/${users}`,
      floor: `${users}/${users}`,
      pass: exact === users,
      n: users,
    });
    expect(wrong).toEqual([]);
  });

  test('no request fails when Redis is killed under load; what passes stays bounded, and is exact again soon after', async () => {
    const users = 30;
    const busy = await fleet.tokensOf(200);
    const others: number[] = [];
    const stopLoad = keepBusy(6, 5, async (turn) => {
      others.push(await get(fleet.replicas[turn % REPLICAS]!, busy[turn % busy.length]!, LIMITED));
    });
    onTestFinished(stopLoad);
    await fleet.redis.kill();
    const during = await passesOfEach(await fleet.tokensOf(users));
    const share = Math.floor(LIMIT / REPLICAS) * REPLICAS;
    const fresh = await fleet.tokensOf(100);
    await fleet.restartRedis();
    const backMs = performance.now();
    await until('of fifteen exactly ten pass again', async () => isExact(await fifteen(fresh.pop()!)));
    const tookS = (performance.now() - backMs) / 1000;
    const after = await passesOfEach(await fleet.tokensOf(users));
    await stopLoad();

    const failed = [...others, ...during.statuses, ...after.statuses].filter((status) => status >= 500).length;
    const beyond = during.passes.filter((passes) => passes > LIMIT).length;
    const n = others.length;
    printResult({ id: 'R19', value: failed, unit: '5xx', goal: '0', floor: '0', pass: failed === 0, n });
    printResult({
      id: 'R19',
      value: beyond,
      unit: 'users beyond R x 10',
      goal: '0',
      floor: '<=10 %',
      pass: beyond === 0,
      n: users,
    });
    printResult({
      id: 'R19',
      value: Number(tookS.toFixed(2)),
      unit: 's to exactness',
      goal: '<=2',
      floor: '<=10',
      pass: tookS <= 10,
      n: 1,
    });
    expect(failed).toBe(0);
    expect(Math.max(...during.passes)).toBeLessThanOrEqual(LIMIT);
    expect(Math.min(...during.passes)).toBeGreaterThanOrEqual(share - REPLICAS);
    expect(after.passes.every((passes) => passes === LIMIT)).toBe(true);
  });
});

async function passesOfEach(tokens: string[]): Promise<{ passes: number[]; statuses: number[] }> {
  const runs: number[][] = [];
  for (const token of tokens) runs.push(await fifteen(token));
  return { passes: runs.map(passesOf), statuses: runs.flat() };
}
