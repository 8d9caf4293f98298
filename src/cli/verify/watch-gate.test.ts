import { describe, expect, it } from 'vitest';
import { readMetrics } from './metrics-page.ts';
import { paceRules } from './pace.ts';
import { beginWatch, judgeWatch, lookPaced, readCounters, verdictOf, type WatchState } from './watch-gate.ts';

const START = new Date('2026-01-01T00:00:00Z');
const at = (seconds: number) => new Date(START.getTime() + seconds * 1000);

const SOUND = { requests: 2000, errors: 0, refused: 0, hits: 95, looks: 100, changes: 2, fast: 2000, without: 0 };

function page(given: Partial<typeof SOUND>) {
  const figures = { ...SOUND, ...given };
  const labels = 'method="GET",route="/api/v1/calls",status="200",traffic="real"';
  return readMetrics(`
http_request_duration_seconds_count{${labels}} ${figures.requests}
http_request_duration_seconds_bucket{le="0.5",${labels}} ${figures.fast}
http_request_duration_seconds_bucket{le="1",${labels}} ${figures.requests}
http_errors_total{cause="ava"} ${figures.errors}
http_errors_total{cause="upstream"} 40
responses_without_correlation_id_total ${figures.without}
rate_limit_rejections_total{group="calls",traffic="real"} ${figures.refused}
rate_limit_rejections_total{group="calls",traffic="synthetic"} 500
circuit_breaker_opens_total{upstream="vapi",scope="upstream"} ${figures.changes}
twilio_client_cache_total{result="hit"} ${figures.hits}
twilio_client_cache_total{result="miss"} ${figures.looks - figures.hits}
`);
}

const HOUR = paceRules(3_600_000);
const NOTHING = readCounters(readMetrics(''));
const begin = () => beginWatch('http://ava', NOTHING, '1.0.0', START);
const then = (state: WatchState, given: Partial<typeof SOUND>, seconds = 15, version = '1.0.0') =>
  lookPaced(state, { counters: readCounters(page(given)), version, now: at(seconds), countedMs: 30_000 }, HOUR);

describe('the gate of a watch', () => {
  it("passes a sound hour, a vendor's errors and the verification's own refusals included", () => {
    const early = then(begin(), { requests: 1000, fast: 1000 });
    const criteria = judgeWatch(then(early, {}, 90));
    expect(criteria.filter((criterion) => criterion.state !== 'pass')).toEqual([]);
    expect([verdictOf(criteria, false), verdictOf(criteria, true)]).toEqual(['watching', 'pass']);
  });

  it.each([
    ['a single 5xx of AVA', { errors: 1 }],
    ['a response without id', { without: 1 }],
    ['ten changes of breakers', { changes: 10 }],
    ['0.1 % refused', { refused: 2 }],
    ['reuse of 90 %', { hits: 90 }],
  ])('turns red at once on %s', (_name, given) => {
    expect(verdictOf(judgeWatch(then(begin(), given)), false)).toBe('fail');
  });

  it('turns red when another version answers', () => {
    expect(verdictOf(judgeWatch(then(then(begin(), {}), {}, 30, '0.9.0')), false)).toBe('fail');
  });

  it('holds without data, never passes', () => {
    const seen = { counters: NOTHING, version: '1.0.0', now: at(15), countedMs: 30_000 };
    const quiet = lookPaced(begin(), seen, HOUR);
    expect(verdictOf(judgeWatch(quiet), true)).toBe('hold');
  });

  it('counts on over a restart of the server and over its own, but not the time that it was away', () => {
    const before = then(begin(), { requests: 1000, fast: 1000 }, 15);
    const restarted = then(before, { requests: 40, fast: 40, hits: 20, looks: 20, changes: 0 }, 3600);
    expect(restarted.grown['requests']).toBe(1040);
    expect(restarted.watchedMs).toBe(45_000);
  });
});
