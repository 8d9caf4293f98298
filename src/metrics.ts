/** LIST: every metric that AVA serves at /metrics, with the names that the field uses. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

const LATENCY_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export type Metrics = ReturnType<typeof createMetrics>;

export function createMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: L[] = []) =>
    new Counter({ name, help, labelNames, registers });
  const gauge = <L extends string>(name: string, help: string, labelNames: L[] = []) =>
    new Gauge({ name, help, labelNames, registers });
  const histogram = <L extends string>(name: string, help: string, labelNames: L[]) =>
    new Histogram({ name, help, labelNames, registers, buckets: LATENCY_BUCKETS });

  return {
    registry,
    httpRequestDuration: histogram('http_request_duration_seconds', 'Duration of finished requests.', [
      'method',
      'route',
      'status',
      'traffic',
    ]),
    httpErrors: counter('http_errors_total', 'Failed requests by whose fault it was: ava, upstream or client.', [
      'cause',
    ]),
    requestsWithoutCorrelationId: counter(
      'requests_without_correlation_id_total',
      'Requests that came without a usable X-Correlation-ID; AVA made one.',
    ),
    responsesWithoutCorrelationId: counter(
      'responses_without_correlation_id_total',
      'Responses that left without an X-Correlation-ID; always 0 unless AVA itself is broken.',
    ),
    requestsWaiting: gauge('http_requests_waiting', 'Requests that wait for their turn.'),
    overloadRejections: counter(
      'http_overload_rejections_total',
      'Requests of the API answered 503 because too many waited for their turn.',
    ),
    rateLimitRejections: counter('rate_limit_rejections_total', 'Requests answered 429.', ['group', 'traffic']),
    rateLimitDegraded: gauge(
      'rate_limit_degraded',
      '1 while limits are counted on this replica alone because Redis is away.',
    ),
    breakersAlone: gauge(
      'circuit_breaker_alone',
      '1 while the circuits of this replica are not kept in step with the others because Redis is away.',
    ),
    breakerState: gauge(
      'circuit_breaker_state',
      '0 closed, 1 open, 2 half-open; the worst of the circuits of that scope.',
      ['upstream', 'scope'],
    ),
    breakerNotClosed: gauge(
      'circuit_breaker_not_closed_seconds',
      'How long the circuit has not been closed; the longest of that scope.',
      ['upstream', 'scope'],
    ),
    breakerOpens: counter('circuit_breaker_opens_total', 'Circuits that opened.', ['upstream', 'scope']),
    breakerCloses: counter('circuit_breaker_closes_total', 'Circuits that closed again.', ['upstream', 'scope']),
    breakerFailures: counter('circuit_breaker_failures_total', 'Results that counted as failures.', [
      'upstream',
      'scope',
    ]),
    breakerRejected: counter('circuit_breaker_rejected_total', 'Calls refused without asking the upstream.', [
      'upstream',
      'scope',
    ]),
    upstreamDuration: histogram('upstream_request_duration_seconds', 'Duration of attempts at an upstream.', [
      'upstream',
      'operation',
      'outcome',
    ]),
    upstreamRetries: counter('upstream_retries_total', 'Attempts that were repeats.', ['upstream']),
    twilioClientCache: counter('twilio_client_cache_total', 'Twilio client look-ups.', ['result']),
    webhookEvents: counter('webhook_events_total', 'Webhook events by vendor, type and what became of them.', [
      'vendor',
      'type',
      'result',
    ]),
    webhookBacklog: gauge('webhook_events_unprocessed', 'Stored webhook events that wait to be processed.'),
    webhookQuarantine: gauge('webhook_events_quarantined', 'Webhook events in quarantine.'),
    callsByRoute: counter('calls_by_route_total', 'Inbound calls by who took them: ai, person, voicemail, sentence.', [
      'route',
      'reason',
    ]),
    callsRecovered: counter('calls_recovered_total', 'Calls that reconciliation found and completed.'),
    effectsGivenUp: counter(
      'effects_given_up_total',
      'Actions outside AVA that were given up after their last attempt, by kind.',
      ['kind'],
    ),
    deadLetters: gauge('jobs_dead_letters', 'Jobs that failed for good and wait for an operator.'),
    monthsMissing: gauge('database_months_missing', 'Tables without a partition for the next month.'),
    stubMode: gauge('stub_mode', '1 while INTEGRATIONS_STUB_MODE is on.', ['env']),
    alertsFiring: gauge('alerts_firing', 'Alerts that fire now.', ['rule', 'severity']),
    alerterLastRun: gauge('alerter_last_run_timestamp_seconds', 'When the alert rules were last evaluated.'),
    notifications: counter('notifications_total', 'Notifications by channel and outcome.', ['channel', 'outcome']),
    buildInfo: gauge('ava_build_info', 'Always 1; the labels tell what runs.', ['version', 'commit']),
    databaseUp: gauge('database_up', '1 while the database answers.'),
    redisUp: gauge('redis_up', '1 while Redis answers; absent without Redis.'),
  };
}
