import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verbsOfTwiml } from '../../src/providers/twilio/twiml.ts';
import { type InProcess, startInProcess } from '../harness/in-process.ts';
import { printResult, seededRandom, testScale, testSeed } from '../harness/result.ts';
import { until } from '../harness/until.ts';

let house: InProcess;
beforeAll(async () => {
  house = await startInProcess({ env: { CIRCUIT_BREAKER_RECOVERY_TIMEOUT: '4' } });
});
afterAll(() => house.stop());

const CALLS = 1_000 * testScale();
const AT_ONCE = 10;

describe('a ringing call', () => {
  it(
    'gets valid TwiML in time, and is routed once, whatever Vapi does and however often Twilio asks',
    { timeout: 600_000 },
    async () => {
      const seed = testSeed();
      const random = seededRandom(seed);
      const { control } = house.simulator;
      const faults = [
        [],
        [{ vendor: 'vapi', kind: 'status', status: 503 }],
        [{ vendor: 'vapi', kind: 'hang' }],
        [],
        [{ vendor: 'vapi', kind: 'malformed_json' }],
        [{ vendor: 'vapi', kind: 'latency', ms: 800 }],
        [{ vendor: 'vapi', kind: 'reset' }],
      ] as const;
      const times: number[] = [];
      const routes: Record<string, number> = {};
      let invalid = 0;
      let different = 0;

      const ring = async (index: number) => {
        const params = {
          CallSid: `CA${index.toString(16).padStart(32, '0')}`,
          From: `+1202555${String(index).padStart(4, '0').slice(-4)}`,
          To: house.number,
          CallStatus: 'ringing',
          Direction: 'inbound',
        };
        const ask = async () => {
          const startedMs = performance.now();
          const response = await house.twilio('voice', params);
          const twiml = await response.text();
          times.push(performance.now() - startedMs);
          const verbs = response.status === 200 ? verbsOfTwiml(twiml) : undefined;
          if (verbs === undefined) invalid += 1;
          else routes[verbs[0]!] = (routes[verbs[0]!] ?? 0) + 1;
          return twiml;
        };
        // Some are asked for twice at once, as by an impatient Twilio.
        const answers = await Promise.all(random() < 0.1 ? [ask(), ask()] : [ask()]);
        if (new Set(answers).size > 1) different += 1;
      };

      let next = 0;
      let phase = -1;
      const worker = async () => {
        while (next < CALLS) {
          const index = next++;
          const wanted = Math.floor((index / CALLS) * faults.length);
          if (wanted !== phase) {
            phase = wanted;
            control.clearFaults('vapi');
            for (const fault of faults[phase]!) control.addFault(fault as never);
            if (phase === 3) await house.route({ fallback: { people: [], voicemail: true } });
          }
          await ring(index);
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
      control.clearFaults('vapi');

      const asked = control
        .requests({ vendor: 'vapi', operation: 'POST /call' })
        .flatMap((entry) => (entry.body === undefined ? [] : [JSON.stringify(entry.body)]));
      const twice = asked.length - new Set(asked).size;
      times.sort((a, b) => a - b);
      const p99 = times[Math.floor(times.length * 0.99)]!;
      const slowest = times.at(-1)!;
      printResult({
        id: 'R22',
        value: `${invalid} invalid; ${twice + different} twice; p99 ${Math.round(p99)} ms; slowest ${Math.round(slowest)} ms`,
        unit: 'calls',
        goal: '0; 0; 300; 2000',
        floor: '0; 0; 1000; 6000',
        pass: invalid + twice + different === 0 && p99 < 1_000 && slowest < 6_000,
        n: times.length,
        seed,
      });
      console.log(JSON.stringify(routes));
      expect({ invalid, twice, different }).toEqual({ invalid: 0, twice: 0, different: 0 });
      expect(routes['Connect']).toBeGreaterThan(0);
      expect(slowest).toBeLessThan(6_000);
      const noted = await until('every call stands in the ledger', async () => {
        const { calls } = await house.deps.db.asTenant(house.tenantId, (trx) =>
          trx
            .selectFrom('calls')
            .select((eb) => eb.fn.countAll().as('calls'))
            .executeTakeFirstOrThrow(),
        );
        return Number(calls) >= CALLS ? Number(calls) : undefined;
      });
      expect(noted).toBe(CALLS);
    },
  );

  it('that comes back from the person who was rung is not sent round again', async () => {
    await house.route();
    const params = {
      CallSid: `CA${'f'.repeat(32)}`,
      From: '+12025550199',
      To: house.number,
      CallStatus: 'ringing',
      ForwardedFrom: '+15005550006',
    };
    const twiml = await (await house.twilio('voice', params)).text();
    expect(verbsOfTwiml(twiml)).toEqual(['Say', 'Record', 'Hangup']);
  });
});
