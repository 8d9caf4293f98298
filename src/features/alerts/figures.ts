/** What the rules look at: a replica's metrics, reduced to a few figures. The verification's own traffic is left out. */
import type { Metrics } from '../../metrics.ts';
import type { RouteReason } from '../inbound-calls/contract.ts';

/** Counters only ever grow; gauges are as they stand. Both by name. */
export type Figures = { counters: Record<string, number>; gauges: Record<string, number> };

/** Upper bounds in seconds of the buckets that latency is read from. */
export const LATENCY_BOUNDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

/** A stream lasts as long as somebody watches; its duration says nothing about speed. */
export const STREAM_ROUTE = '/api/v1/events';

/** Counters of attempts at an upstream, of those that failed by its fault, and of the milliseconds that all took. */
export const ASKED_PREFIX = 'asked:';
export const FAILED_PREFIX = 'failed:';
export const SPENT_PREFIX = 'spent_ms:';

/** What the upstream is to blame for, as the circuits see it, and being sent away for a while. */
const UPSTREAM_FAULTS = new Set(['timeout', 'network', 'upstream', 'rate_limited']);

type Sample = { labels: Record<string, unknown>; value: number; metricName?: string | undefined };

export async function readFigures(metrics: Metrics): Promise<Figures> {
  const counters: Record<string, number> = {};
  const gauges: Record<string, number> = {};
  await Promise.all([
    readRequests(metrics, counters),
    readCounters(metrics, counters),
    readUpstreams(metrics, counters),
    readGauges(metrics, gauges),
    readCircuits(metrics, gauges),
  ]);
  return { counters, gauges };
}

async function readRequests(metrics: Metrics, counters: Record<string, number>): Promise<void> {
  const samples = await samplesOf(metrics.httpRequestDuration);
  counters['requests'] = 0;
  for (const bound of LATENCY_BOUNDS) counters[`within:${bound}`] = 0;
  for (const { labels, value, metricName } of samples) {
    if (labels['traffic'] === 'synthetic' || labels['route'] === STREAM_ROUTE) continue;
    if (metricName?.endsWith('_count')) counters['requests'] += value;
    const name = `within:${String(labels['le'])}`;
    if (metricName?.endsWith('_bucket') && name in counters) counters[name]! += value;
  }
}

async function readCounters(metrics: Metrics, counters: Record<string, number>): Promise<void> {
  const sum = async (metric: Readable, isWanted: (labels: Record<string, unknown>) => boolean = () => true) =>
    (await samplesOf(metric)).filter((one) => isWanted(one.labels)).reduce((total, one) => total + one.value, 0);
  counters['errors_ava'] = await sum(metrics.httpErrors, (labels) => labels['cause'] === 'ava');
  counters['without_id'] = await sum(metrics.responsesWithoutCorrelationId);
  counters['rate_limited'] = await sum(metrics.rateLimitRejections, (labels) => labels['traffic'] !== 'synthetic');
  counters['calls'] = await sum(metrics.callsByRoute);
  counters['calls_rescued'] = await sum(metrics.callsByRoute, isRescue);
  counters['calls_recovered'] = await sum(metrics.callsRecovered);
  counters['effects_given_up'] = await sum(metrics.effectsGivenUp);
  counters['notifications_failed'] = await sum(metrics.notifications, (labels) => labels['outcome'] === 'failed');
}

async function readUpstreams(metrics: Metrics, counters: Record<string, number>): Promise<void> {
  const add = (name: string, by: number) => (counters[name] = (counters[name] ?? 0) + by);
  for (const { labels, value, metricName } of await samplesOf(metrics.upstreamDuration)) {
    const upstream = String(labels['upstream']);
    const isCount = metricName?.endsWith('_count') === true;
    if (isCount) add(ASKED_PREFIX + upstream, value);
    if (isCount && UPSTREAM_FAULTS.has(String(labels['outcome']))) add(FAILED_PREFIX + upstream, value);
    if (metricName?.endsWith('_sum') === true) add(SPENT_PREFIX + upstream, Math.round(value * 1000));
  }
}

function isRescue(labels: Record<string, unknown>): boolean {
  return labels['route'] !== 'ai' && RESCUE_REASONS.includes(labels['reason'] as RouteReason);
}

/** Reasons by which the assistant could not answer although it was meant to. */
export const RESCUE_REASONS: readonly RouteReason[] = [
  'circuit_open',
  'vapi_late',
  'vapi_failed',
  'vapi_refused',
  'vapi_nonsense',
  'assistant_dropped',
  'database_away',
  'ava_failed',
];

async function readGauges(metrics: Metrics, gauges: Record<string, number>): Promise<void> {
  const highest = async (metric: Readable) => {
    const values = (await samplesOf(metric)).map((one) => one.value);
    return values.length === 0 ? 0 : Math.max(...values);
  };
  gauges['quarantined'] = await highest(metrics.webhookQuarantine);
  gauges['unprocessed'] = await highest(metrics.webhookBacklog);
  gauges['dead_letters'] = await highest(metrics.deadLetters);
  gauges['months_missing'] = await highest(metrics.monthsMissing);
  const degraded = [await highest(metrics.rateLimitDegraded), await highest(metrics.breakersAlone)];
  gauges['limits_degraded'] = Math.max(...degraded);
  const stub = await samplesOf(metrics.stubMode);
  gauges['stub_in_production'] = stub.some((one) => one.labels['env'] === 'production' && one.value === 1) ? 1 : 0;
}

async function readCircuits(metrics: Metrics, gauges: Record<string, number>): Promise<void> {
  for (const { labels, value } of await samplesOf(metrics.breakerNotClosed)) {
    const name = `not_closed:${String(labels['upstream'])}`;
    gauges[name] = Math.max(gauges[name] ?? 0, value);
  }
}

type Readable = { get(): Promise<{ values: readonly unknown[] }> };

async function samplesOf(metric: Readable): Promise<Sample[]> {
  return (await metric.get()).values as Sample[];
}
