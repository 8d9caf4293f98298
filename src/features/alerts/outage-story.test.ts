/** The scripted outage of a vendor, four hours in a second: who is told what. Real circuits, metrics and rules; the clock is turned by hand. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { createHandClock } from '../../../test/harness/hand-clock.ts';
import { seededRandom } from '../../../test/harness/result.ts';
import { createMetrics } from '../../metrics.ts';
import { failureTables } from '../../providers/failure-tables.ts';
import { createGuard } from '../../resilience/guard.ts';
import { defaultGuardSettings } from '../../resilience/guard-settings.ts';
import { UpstreamError } from '../../resilience/upstream-error.ts';
import { spanMs } from '../../simulator/script.ts';
import type { Script } from '../../simulator/stories.ts';
import { gaugeCircuits } from '../system/circuits.ts';
import { evaluate, type OpenAlert } from './evaluate.ts';
import { readFigures } from './figures.ts';
import { viewFleet } from './fleet-view.ts';
import { EMPTY_HISTORY, remember } from './history.ts';
import { RULES } from './rules.ts';

const SCRIPT = new URL('../../simulator/scripts/vapi-four-hours.json', import.meta.url);
const script = JSON.parse(readFileSync(SCRIPT, 'utf8')) as Script;
const TICK_SECONDS = 5;
const CALL_EVERY_SECONDS = 75;

type Trouble = { fromMs: number; untilMs: number; rate: number };

/** When Vapi fails in the script, and how often. */
function troubles(): Trouble[] {
  return script.steps.flatMap((step) => {
    if (step.do !== 'outage' && (step.do !== 'fault' || step.kind === 'jitter')) return [];
    const fromMs = spanMs(step.at ?? 0);
    const rate = step.do === 'fault' ? (step.rate ?? 1) : 1;
    return [{ fromMs, untilMs: fromMs + spanMs(step.for ?? 0), rate }];
  });
}

type Told = { atMs: number; what: 'fires' | 'is over'; rule: string; resource: string; severity: string };

/** Plays the script to its end, and an hour more; answers what was told, in order. */
async function play(random: () => number): Promise<Told[]> {
  const clock = createHandClock(new Date('2026-03-02T08:00:00Z'));
  const metrics = createMetrics();
  const guard = createGuard({ clock, emit: () => {}, random, settings: defaultGuardSettings });
  guard.upstream('vapi', failureTables.vapi);
  const list = troubles();
  const isDown = (atMs: number) =>
    list.some(({ fromMs, untilMs, rate }) => atMs >= fromMs && atMs < untilMs && random() < rate);
  const askVapi = async (atMs: number): Promise<boolean> =>
    await guard
      .run({
        ...{ upstream: 'vapi', credential: null, operation: 'assistant.get', repeatable: true, lane: 'api' },
        ...{ deadlineMs: 10_000, attemptTimeoutMs: 5_000, maxAttempts: 1 },
        attempt: async () => {
          if (!isDown(atMs)) return;
          throw new UpstreamError({ kind: 'upstream', upstream: 'vapi', detail: 'it answered 503', connected: true });
        },
      })
      .then(
        () => true,
        () => false,
      );
  const told: Told[] = [];
  let [history, open]: [typeof EMPTY_HISTORY, OpenAlert[]] = [EMPTY_HISTORY, []];
  const endMs = Math.max(...script.steps.map(({ at }) => spanMs(at ?? 0))) + 3_600_000;
  for (let atMs = 0; atMs <= endMs; atMs += TICK_SECONDS * 1000) {
    for (let second = 0; second < TICK_SECONDS; second += 1) await askVapi(atMs + second * 1000);
    if ((atMs / 1000) % CALL_EVERY_SECONDS === 0) {
      const isAnswered = await askVapi(atMs);
      metrics.callsByRoute.inc(isAnswered ? { route: 'ai', reason: '' } : { route: 'person', reason: 'vapi_failed' });
    }
    clock.advance(TICK_SECONDS * 1000);
    gaugeCircuits(guard, metrics);
    const figures = await readFigures(metrics);
    const nowMs = clock.now().getTime();
    history = remember(history, [{ replica: 'a', figures }], nowMs);
    const view = viewFleet(history, [figures], nowMs);
    const found = evaluate({ rules: RULES, view, open, pending: history.pending, nowMs });
    history = { ...history, pending: found.pending };
    for (const { rule, resource } of found.fire) {
      told.push({ atMs: clock.monotonicMs(), what: 'fires', rule: rule.id, resource, severity: rule.severity });
      open = [...open, { rule: rule.id, resource }];
    }
    for (const { rule, resource } of found.resolve) {
      const { severity } = RULES.find((one) => one.id === rule)!;
      told.push({ atMs: clock.monotonicMs(), what: 'is over', rule, resource, severity });
      open = open.filter((one) => one.rule !== rule || one.resource !== resource);
    }
  }
  return told;
}

/** The story has one course; `AVA_TEST_SEED` plays another one. */
const seed = Number(process.env['AVA_TEST_SEED'] ?? 1);

it('four hours without Vapi are one page and one warning, each told again when it is over, however it comes back', async () => {
  const told = await play(seededRandom(seed));
  const story = told.map(({ what, rule, severity }) => `${severity}: ${rule} ${what}`);
  expect(story, `seed ${seed}`).toEqual([
    'critical: circuit_breaker_not_closed fires',
    'warning: calls_rescued fires',
    'critical: circuit_breaker_not_closed is over',
    'warning: calls_rescued is over',
  ]);
  const [begins, ends] = [spanMs('0:30:00'), spanMs('4:30:00')];
  const page = told.filter(({ severity }) => severity === 'critical');
  expect(page[0]!.atMs - begins).toBeGreaterThanOrEqual(60_000);
  expect(page[0]!.atMs - begins).toBeLessThanOrEqual(75_000);
  expect(page[1]!.atMs).toBeLessThanOrEqual(ends + 360_000);
  console.log(
    `told: ${told.map(({ atMs, what, rule }) => `${rule} ${what} at ${Math.round(atMs / 1000)} s`).join(', ')}`,
  );
});
