/** Three processes of AVA and one Redis: their circuits as one, and no request that fails whatever Redis does. */
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { startRedis, type TestRedis } from '../harness/redis.ts';
import { printResult, testScale } from '../harness/result.ts';
import { laySlowCable, type SlowCable } from '../harness/slow-cable.ts';
import { until } from '../harness/until.ts';
import { type Fleet, get, keepBusy, startFleet } from './fleet.ts';

const REPLICAS = 3;
const RECOVERY_MS = 1_000;
const LIMIT = 10;
const LIMITED = '/api/v1/ops/circuit-breakers';
const PATIENCE_MS = 60_000;

let redis: TestRedis;
let cable: SlowCable;
let fleet: Fleet;
let operator: Redis;
beforeAll(async () => {
  redis = await startRedis();
  cable = await laySlowCable(redis.url);
  operator = new Redis(redis.url);
  fleet = await startFleet({
    size: REPLICAS,
    env: { REDIS_URL: cable.url, CIRCUIT_BREAKER_RECOVERY_TIMEOUT: String(RECOVERY_MS / 1_000) },
  });
  await fleet.replicas[0]!.owner();
}, 300_000);
afterAll(async () => {
  operator?.disconnect();
  await fleet?.stop();
  await cable?.close();
  await redis?.stop();
});

async function gauge(replica: { url: string }, pattern: string): Promise<number> {
  const text = await (await fetch(`${replica.url}/metrics`)).text();
  const found = [...text.matchAll(new RegExp(`^${pattern} (\\d+)`, 'gm'))];
  return found.reduce((sum, match) => sum + Number(match[1]), 0);
}

const everywhere = (what: string, pattern: string, value: number) =>
  until(
    what,
    async () => {
      const seen = await Promise.all(fleet.replicas.map((replica) => gauge(replica, pattern)));
      return seen.every((one) => one === value);
    },
    PATIENCE_MS,
  );

/** How many probes each period saw. It begins with a probe and lasts for the recovery time, in which no replica by itself probes twice. */
function probesByPeriod(atMs: readonly number[]): number[] {
  const counts: number[] = [];
  let beganMs = -Infinity;
  for (const ms of atMs) {
    if (ms - beganMs >= RECOVERY_MS) {
      counts.push(0);
      beganMs = ms;
    }
    counts[counts.length - 1]! += 1;
  }
  return counts;
}

describe('the circuits of three processes', () => {
  test('open together, and are probed once in each period, whoever calls', { timeout: 300_000 }, async () => {
    const tokens = await fleet.tokensOf(400);
    const { control } = fleet.simulator;
    const opens = 'circuit_breaker_opens_total\\{(?=[^}]*upstream="vapi")(?=[^}]*scope="upstream")[^}]*\\}';
    let turns = 0;
    const change = (replica: { url: string }) => {
      const token = tokens[(turns += 1) % tokens.length]!;
      return fetch(`${replica.url}/api/v1/vapi/settings/temperature`, {
        method: 'PUT',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ value: 0.4 }),
      }).then(async (answer) => (await answer.arrayBuffer(), answer.status));
    };
    const warm = await Promise.all(fleet.replicas.map(change));
    expect(warm.every((status) => status < 500)).toBe(true);
    const fault = control.addFault({ vendor: 'vapi', kind: 'status', status: 500 });
    const before = control.countRequests({ vendor: 'vapi' });
    const stop = keepBusy(REPLICAS, 20, (turn) => change(fleet.replicas[turn % REPLICAS]!));
    onTestFinished(stop);
    await until(
      'every replica refuses',
      async () => (await Promise.all(fleet.replicas.map((replica) => gauge(replica, opens)))).every((n) => n > 0),
      PATIENCE_MS,
    );
    const failures = control.countRequests({ vendor: 'vapi' }) - before;

    const periods = 6 * testScale();
    const opensOfAll = async () =>
      (await Promise.all(fleet.replicas.map((replica) => gauge(replica, opens)))).reduce((sum, n) => sum + n, 0);
    const from = { opens: await opensOfAll(), sequence: control.requests({ vendor: 'vapi' }).at(-1)!.sequence };
    const probes = () =>
      control.requests({ vendor: 'vapi', sinceSequence: from.sequence }).map(({ at }) => Date.parse(at));
    await until(
      'it has been probed in so many periods',
      async () => probesByPeriod(probes()).length > periods,
      PATIENCE_MS + periods * 10_000,
    );
    const seen = probes();
    const openings = (await opensOfAll()) - from.opens;
    // The last period may not be over.
    const byPeriod = probesByPeriod(seen).slice(0, -1);
    control.removeFault(fault);
    await until(
      'everybody is served again',
      async () => (await Promise.all(fleet.replicas.map(change))).every((status) => status === 200 || status === 429),
      PATIENCE_MS,
    );
    await stop();
    printResult({
      id: 'R07',
      value: failures,
      unit: 'upstream failures before all three processes refuse',
      goal: '<=3 + in flight (3)',
      floor: '<=9 + in flight (3)',
      pass: failures <= 12,
      n: REPLICAS,
    });
    const perPeriod = byPeriod.reduce((sum, count) => sum + count, 0) / byPeriod.length;
    printResult({
      id: 'R05',
      value: Number(perPeriod.toFixed(2)),
      unit: `probes per period of three processes, ${Math.max(...byPeriod)} at the most`,
      goal: '1',
      floor: '<=3',
      pass: perPeriod <= 3,
      n: byPeriod.length,
    });
    // Each probe that failed has opened a circuit somewhere, however slow the machine; one for each may be under way at the edges.
    expect(seen.length).toBeLessThanOrEqual(openings + 2 * REPLICAS);
    expect(perPeriod).toBeLessThanOrEqual(REPLICAS);
  });
});

type Trouble = { name: string; begin(): Promise<unknown>; end(): Promise<unknown> };

const TROUBLES: Trouble[] = [
  { name: 'is too slow', begin: async () => cable.delay(1_500), end: async () => cable.delay(0) },
  { name: 'hangs', begin: async () => cable.delay(Infinity), end: async () => cable.delay(0) },
  {
    name: 'takes no writes',
    begin: () => operator.config('SET', 'min-replicas-to-write', '1'),
    end: () => operator.config('SET', 'min-replicas-to-write', '0'),
  },
];

const fifteen = (token: string) =>
  Promise.all(Array.from({ length: 15 }, (_, index) => get(fleet.replicas[index % REPLICAS]!, token, LIMITED)));
/** How many replicas count by themselves. */
const degraded = async () => {
  const seen = await Promise.all(fleet.replicas.map((replica) => gauge(replica, 'rate_limit_degraded')));
  return seen.reduce((sum, one) => sum + one, 0);
};
const passesOf = (statuses: number[]) => statuses.filter((status) => status === 200).length;

describe('a Redis in trouble', () => {
  test.each(TROUBLES)(
    'that $name fails no request; each replica grants its share',
    { timeout: 300_000 },
    async (trouble) => {
      const users = await fleet.tokensOf(400);
      const next = () => users.pop()!;
      const all: number[] = [];
      const ask = async () => {
        const statuses = await fifteen(next());
        all.push(...statuses);
        return passesOf(statuses);
      };
      await until('it is exact', async () => (await ask()) === LIMIT, PATIENCE_MS);
      await trouble.begin();
      onTestFinished(async () => void (await trouble.end()));
      await until(
        'each replica has asked in vain',
        async () => (await ask(), await degraded()) === REPLICAS,
        PATIENCE_MS,
      );
      await everywhere('each replica goes by its own circuits', 'circuit_breaker_alone', 1);
      const during = [await ask(), await ask(), await ask()];
      const share = Math.floor(LIMIT / REPLICAS) * REPLICAS;
      await trouble.end();
      await until('it is exact again', async () => (await ask()) === LIMIT, PATIENCE_MS);
      await everywhere('circuits are shared again', 'circuit_breaker_alone', 0);
      await until('limits are shared again', async () => (await ask(), await degraded()) === 0, PATIENCE_MS);

      const failed = all.filter((status) => status !== 200 && status !== 429).length;
      printResult({
        id: 'R19',
        value: failed,
        unit: `failed requests while Redis ${trouble.name}`,
        goal: '0',
        floor: '0',
        pass: failed === 0,
        n: all.length,
      });
      expect(failed).toBe(0);
      expect(during).toEqual([share, share, share]);
    },
  );
});
