/**
 * LIST: every alert rule: when it holds, how long it must, how bad it is, what it means and what to do. The built-in
 * evaluator, monitoring/prometheus/rules.yml and docs/OPERATIONS.md are made from this list.
 */
import type { Severity } from './contract.ts';
import { LATENCY_BOUNDS, RESCUE_REASONS, STREAM_ROUTE } from './figures.ts';
import type { FleetView } from './fleet-view.ts';

/**
 * One thing that a rule found wrong. `sinceMs`: it had begun that long before it was seen. `isFaint`: not enough to tell
 * anybody, but what was told of already is not over yet.
 */
export type Finding = { resource: string; value: number; sinceMs?: number; isFaint?: boolean };

export type AlertRule = {
  id: string;
  severity: Severity;
  summary: string;
  /** How long the condition must hold before anybody is told, in seconds. */
  forSeconds: number;
  /** How long nothing must be found before it is over, in seconds; by default it is over at once. */
  keepSeconds?: number;
  meaning: string;
  action: string;
  /** The same condition for Prometheus. */
  promql: string;
  /** The condition on AVA's own figures; undefined where only somebody outside of AVA can tell. */
  find: ((view: FleetView) => Finding[]) | undefined;
};

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const WHOLE = 'installation';
/** Below this many requests in five minutes a share says nothing. */
const LEAST_REQUESTS = 20;

const holds = (isSo: boolean, value: number): Finding[] => (isSo ? [{ resource: WHOLE, value }] : []);
const REAL = `traffic!="synthetic",route!="${STREAM_ROUTE}"`;
const RESCUED = `route!="ai",reason=~"${RESCUE_REASONS.join('|')}"`;

export const RULES: readonly AlertRule[] = [
  {
    id: 'circuit_breaker_not_closed',
    severity: 'critical',
    summary: 'A vendor has not answered for more than a minute; its circuit breaker is not closed',
    // An outage of just under a minute ends with the two probes after it; they must not page anybody.
    forSeconds: 4,
    // A vendor that comes back with one failure in three opens its circuit again and again: that is one outage, not ten.
    keepSeconds: 300,
    meaning:
      'AVA stopped asking this vendor because it failed several times in a row. Calls go to people or voicemail.',
    action:
      "Look at the vendor's status page and at Operations → Circuit breakers. It closes by itself once the vendor answers.",
    promql: 'max by (upstream) (circuit_breaker_not_closed_seconds) > 60',
    find: (view) =>
      view
        .gauges('not_closed:')
        .filter(({ value }) => value > 0)
        .map(({ name, value }) => ({ resource: name, value, sinceMs: value * 1000, isFaint: value <= 60 })),
  },
  {
    id: 'rate_limit_rejections',
    severity: 'warning',
    summary: 'More than 100 requests an hour are refused with 429',
    forSeconds: 0,
    meaning: 'Somebody, or a program, asks more often than the limit allows.',
    action:
      'Find the user in the log (grep "429 Too Many Requests"). Raise RATE_LIMIT_PER_MINUTE only if the use is legitimate.',
    promql: 'sum(increase(rate_limit_rejections_total{traffic!="synthetic"}[1h])) > 100',
    find: (view) => {
      const refused = view.increase('rate_limited', HOUR_MS);
      return holds(refused > 100, refused);
    },
  },
  {
    id: 'responses_without_correlation_id',
    severity: 'warning',
    summary: 'More than 5 % of responses carry no correlation id',
    forSeconds: 0,
    meaning: 'Something answers before the part of AVA that gives every request its id, so problems cannot be traced.',
    action: 'Look at what was deployed last, and at proxies that strip the header X-Correlation-ID.',
    promql:
      'sum(increase(responses_without_correlation_id_total[5m])) / sum(increase(http_request_duration_seconds_count[5m])) > 0.05',
    find: (view) => {
      const requests = view.increase('requests', 5 * MINUTE_MS);
      const share = view.increase('without_id', 5 * MINUTE_MS) / Math.max(1, requests);
      return holds(requests > 0 && share > 0.05, share);
    },
  },
  {
    id: 'error_rate',
    severity: 'critical',
    summary: "More than 1 % of requests fail by AVA's own fault",
    forSeconds: 0,
    meaning: 'AVA answers 5xx, and no vendor is the reason.',
    action:
      'Look at the newest release first and roll it back if the errors began with it; else follow one correlation id.',
    promql: `sum(increase(http_errors_total{cause="ava"}[5m])) / sum(increase(http_request_duration_seconds_count{${REAL}}[5m])) > 0.01 and sum(increase(http_errors_total{cause="ava"}[5m])) >= 3`,
    find: (view) => {
      const errors = view.increase('errors_ava', 5 * MINUTE_MS);
      const share = errors / Math.max(1, view.increase('requests', 5 * MINUTE_MS));
      return holds(errors >= 3 && share > 0.01, share);
    },
  },
  {
    id: 'calls_rescued',
    severity: 'warning',
    summary: 'Calls went to a person or to voicemail because the assistant could not answer',
    forSeconds: 0,
    meaning: 'No caller heard an error, but the assistant was not available to them.',
    action: 'Look at Calls, filtered by route, for the reason; often a circuit breaker is open.',
    promql: `sum(increase(calls_by_route_total{${RESCUED}}[15m])) > 3`,
    find: (view) => {
      const rescued = view.increase('calls_rescued', 15 * MINUTE_MS);
      return holds(rescued > 3, rescued);
    },
  },
  {
    id: 'calls_recovered',
    severity: 'warning',
    summary: 'Reconciliation found calls of which no webhook had told',
    forSeconds: 0,
    meaning: "A vendor's messages did not reach AVA. The calls were found in the vendor's own list.",
    action: 'Check that PUBLIC_URL is reachable from outside and that no proxy refuses the webhooks.',
    promql: 'sum(increase(calls_recovered_total[1h])) > 0',
    find: (view) => {
      const recovered = view.increase('calls_recovered', HOUR_MS);
      return holds(recovered > 0, recovered);
    },
  },
  {
    id: 'webhook_quarantine',
    severity: 'warning',
    summary: 'Webhook events wait in quarantine',
    forSeconds: 300,
    meaning: 'AVA kept messages that it cannot understand or that belong to nobody it knows.',
    action: 'Open Webhooks → Quarantine, read why, and replay them after the cause is gone.',
    promql: 'max(webhook_events_quarantined) > 0',
    find: (view) => holds(view.gauge('quarantined') > 0, view.gauge('quarantined')),
  },
  {
    id: 'webhook_backlog',
    severity: 'critical',
    summary: 'Webhook events are not being processed',
    forSeconds: 300,
    meaning: 'Messages are stored safely but nothing works on them, so calls look unfinished.',
    action: 'Check that a worker runs and that the database is not overloaded.',
    promql: 'max(webhook_events_unprocessed) > 100',
    find: (view) => holds(view.gauge('unprocessed') > 100, view.gauge('unprocessed')),
  },
  {
    id: 'dead_letters',
    severity: 'warning',
    summary: 'Jobs failed for good and wait for an operator',
    forSeconds: 300,
    meaning: 'Work was tried many times and given up, for instance an e-mail that nobody takes.',
    action: 'Run `ava webhooks` or open Operations → Jobs, read the reason, and replay them.',
    promql: 'max(jobs_dead_letters) > 0',
    find: (view) => holds(view.gauge('dead_letters') > 0, view.gauge('dead_letters')),
  },
  {
    id: 'owners_not_told',
    severity: 'warning',
    summary: 'Nobody could be told of a call; its mail or text message was given up',
    forSeconds: 0,
    meaning: 'Ten attempts over four hours failed. The call itself is in the list, but its owner may not know of it.',
    action:
      'Read in the log why (grep "could not be told of a call"), mend it, send a test under Integrations, and tell the owner.',
    promql: 'sum(increase(effects_given_up_total[1h])) > 0',
    find: (view) => {
      const givenUp = view.increase('effects_given_up', HOUR_MS);
      return holds(givenUp > 0, givenUp);
    },
  },
  {
    id: 'latency_p95',
    severity: 'warning',
    summary: 'One request in twenty takes longer than 500 ms',
    forSeconds: 300,
    meaning: 'AVA, its database or a vendor has become slow.',
    action: 'Compare the performance dashboard by route and by upstream, and look at the database.',
    promql: `histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket{${REAL}}[5m]))) > 0.5 and sum(increase(http_request_duration_seconds_count{${REAL}}[5m])) >= ${LEAST_REQUESTS}`,
    find: (view) => {
      const requests = view.increase('requests', 5 * MINUTE_MS);
      const slow = requests - view.increase('within:0.5', 5 * MINUTE_MS);
      return holds(requests >= LEAST_REQUESTS && slow / requests > 0.05, quantile95(view, requests));
    },
  },
  {
    id: 'stub_mode_in_production',
    severity: 'warning',
    summary: 'Stub mode is on in production',
    forSeconds: 0,
    meaning: 'Integrations answer with invented, marked data. This is the emergency fallback.',
    action: 'Set INTEGRATIONS_STUB_MODE=false and restart as soon as the emergency is over.',
    promql: 'max(stub_mode{env="production"}) == 1',
    find: (view) => holds(view.gauge('stub_in_production') === 1, 1),
  },
  {
    id: 'redis_degraded',
    severity: 'warning',
    summary: 'Redis does not answer',
    forSeconds: 60,
    meaning: 'Replicas count limits and breakers each for themselves. Requests are still served.',
    action: 'Bring Redis back; AVA joins again by itself.',
    promql: 'max(rate_limit_degraded) == 1 or max(circuit_breaker_alone) == 1',
    find: (view) => holds(view.gauge('limits_degraded') === 1, 1),
  },
  {
    id: 'database_down',
    severity: 'critical',
    summary: 'The database does not answer',
    forSeconds: 30,
    meaning: 'Ringing calls are answered from the last known routing. Everything else answers 503.',
    action: 'Bring PostgreSQL back. Vendors repeat their webhooks, and reconciliation finds what is missing.',
    promql: 'min(database_up) == 0',
    // Without the database there is no leader and no memory: the replica that notices tells it by itself.
    find: undefined,
  },
  {
    id: 'months_not_made',
    severity: 'warning',
    summary: 'The database has no partition for the next month',
    forSeconds: 300,
    meaning:
      'AVA makes one for each month, three months ahead, at every start and daily. Nothing is lost without: what comes goes into a partition for the rest, and is moved later.',
    action: 'Run `ava migrate` with the role that owns the tables; grep the log for "months ahead" for the reason.',
    promql: 'max(database_months_missing) > 0',
    find: (view) => holds(view.gauge('months_missing') > 0, view.gauge('months_missing')),
  },
  {
    id: 'no_calls',
    severity: 'warning',
    summary: 'No call for two hours, at a time when there always are some',
    forSeconds: 0,
    meaning: 'Callers may be hearing a busy tone that AVA knows nothing of.',
    action: "Ring one of your numbers. Look at Twilio's status and at the numbers' webhook addresses.",
    promql: 'sum(increase(calls_by_route_total[2h])) == 0 and sum(increase(calls_by_route_total[2h] offset 1w)) >= 5',
    find: (view) => {
      const lastWeek = view.callsInTwoHoursBefore(7 * 24);
      const twoWeeksAgo = view.callsInTwoHoursBefore(14 * 24);
      const isUsual = lastWeek >= 5 && twoWeeksAgo >= 5;
      return holds(isUsual && view.callsInTwoHoursBefore(0) === 0, 0);
    },
  },
  {
    id: 'alert_channel_failing',
    severity: 'warning',
    summary: 'A channel did not take an alert',
    forSeconds: 0,
    meaning: 'Somebody who should have been told was told another way, or not at all.',
    action: 'Press "Send a test" under Operations → Alerts and follow what the channel answers.',
    promql: 'sum(increase(notifications_total{outcome="failed"}[15m])) > 0',
    find: (view) => {
      const failed = view.increase('notifications_failed', 15 * MINUTE_MS);
      return holds(failed > 0, failed);
    },
  },
  {
    id: 'alerter_silent',
    severity: 'critical',
    summary: 'The alert rules are not being evaluated',
    forSeconds: 0,
    meaning: 'If something breaks now, AVA itself tells nobody.',
    action: 'Check that a replica runs and reaches its database; restart it if it does.',
    promql: 'time() - max(alerter_last_run_timestamp_seconds) > 90',
    // Told by a replica that does not lead; with all of them gone, by Prometheus.
    find: undefined,
  },
  {
    id: 'replica_down',
    severity: 'critical',
    summary: 'A replica of AVA does not answer',
    forSeconds: 60,
    meaning: 'Prometheus cannot read its metrics.',
    action: 'Look at the process and its last log lines; with other replicas up nobody is harmed yet.',
    promql: 'up{job="ava"} == 0 or absent(up{job="ava"})',
    find: undefined,
  },
];

/** The latency below which 95 of 100 requests stayed, in seconds, as far as the buckets tell. */
function quantile95(view: FleetView, requests: number): number {
  const bound = LATENCY_BOUNDS.find((one) => view.increase(`within:${one}`, 5 * MINUTE_MS) >= requests * 0.95);
  return bound ?? LATENCY_BOUNDS.at(-1)!;
}

export function ruleOf(id: string): AlertRule | undefined {
  return RULES.find((rule) => rule.id === id);
}
