/** The Grafana dashboards as code: `node monitoring/generate.ts` writes them. */

type Panel = { title: string; unit?: string; type?: 'timeseries' | 'stat'; queries: [legend: string, expr: string][] };

export const DASHBOARDS: { uid: string; title: string; panels: Panel[] }[] = [
  {
    uid: 'ava-circuit-breakers',
    title: 'AVA: circuit breakers',
    panels: [
      {
        title: 'State (0 closed, 1 open, 2 half-open)',
        queries: [['{{upstream}} {{scope}}', 'max by (upstream, scope) (circuit_breaker_state)']],
      },
      {
        title: 'Not closed for',
        unit: 's',
        queries: [['{{upstream}} {{scope}}', 'max by (upstream, scope) (circuit_breaker_not_closed_seconds)']],
      },
      {
        title: 'Openings and closings in the last hour',
        queries: [
          ['{{upstream}} opened', 'sum by (upstream) (increase(circuit_breaker_opens_total[1h]))'],
          ['{{upstream}} closed', 'sum by (upstream) (increase(circuit_breaker_closes_total[1h]))'],
        ],
      },
      {
        title: 'Failures a minute',
        queries: [['{{upstream}}', 'sum by (upstream) (rate(circuit_breaker_failures_total[5m])) * 60']],
      },
      {
        title: 'Calls refused at once, a minute',
        queries: [['{{upstream}}', 'sum by (upstream) (rate(circuit_breaker_rejected_total[5m])) * 60']],
      },
      {
        title: 'Repeats a minute',
        queries: [['{{upstream}}', 'sum by (upstream) (rate(upstream_retries_total[5m])) * 60']],
      },
    ],
  },
  {
    uid: 'ava-errors',
    title: 'AVA: errors',
    panels: [
      {
        title: 'Failed requests a minute, by whose fault',
        queries: [['{{cause}}', 'sum by (cause) (rate(http_errors_total[5m])) * 60']],
      },
      {
        title: "Share that failed by AVA's own fault",
        unit: 'percentunit',
        queries: [
          [
            'share',
            'sum(increase(http_errors_total{cause="ava"}[5m])) / sum(increase(http_request_duration_seconds_count[5m]))',
          ],
        ],
      },
      {
        title: 'Refused for the rate, in the last hour',
        queries: [['{{group}}', 'sum by (group) (increase(rate_limit_rejections_total{traffic!="synthetic"}[1h]))']],
      },
      {
        title: 'Responses without a correlation id',
        type: 'stat',
        queries: [['responses', 'sum(responses_without_correlation_id_total)']],
      },
      {
        title: 'Requests that came without one',
        queries: [['requests', 'sum(rate(requests_without_correlation_id_total[5m])) * 60']],
      },
      {
        title: 'Calls by who took them, a minute',
        queries: [['{{route}}', 'sum by (route) (rate(calls_by_route_total[15m])) * 60']],
      },
      { title: 'Calls found by reconciliation', queries: [['calls', 'sum(increase(calls_recovered_total[1h]))']] },
      {
        title: 'Waiting, in quarantine, given up',
        queries: [
          ['webhook events waiting', 'max(webhook_events_unprocessed)'],
          ['in quarantine', 'max(webhook_events_quarantined)'],
          ['dead letters', 'max(jobs_dead_letters)'],
          ['mails about calls given up', 'sum(increase(effects_given_up_total[1h]))'],
        ],
      },
      { title: 'Alerts that fire', queries: [['{{rule}}', 'max by (rule) (alerts_firing) > 0']] },
      {
        title: 'Notifications in the last hour',
        queries: [['{{channel}} {{outcome}}', 'sum by (channel, outcome) (increase(notifications_total[1h]))']],
      },
    ],
  },
  {
    uid: 'ava-performance',
    title: 'AVA: performance',
    panels: [
      {
        title: 'Requests a second',
        queries: [['{{instance}}', 'sum by (instance) (rate(http_request_duration_seconds_count[5m]))']],
      },
      {
        title: 'P95 by route',
        unit: 's',
        queries: [
          [
            '{{route}}',
            'histogram_quantile(0.95, sum by (le, route) (rate(http_request_duration_seconds_bucket{traffic!="synthetic"}[5m])))',
          ],
        ],
      },
      {
        title: 'P95 by upstream',
        unit: 's',
        queries: [
          [
            '{{upstream}}',
            'histogram_quantile(0.95, sum by (le, upstream) (rate(upstream_request_duration_seconds_bucket[5m])))',
          ],
        ],
      },
      {
        title: 'Twilio client reuse',
        unit: 'percentunit',
        queries: [
          [
            'reuse',
            'sum(rate(twilio_client_cache_total{result="hit"}[15m])) / sum(rate(twilio_client_cache_total[15m]))',
          ],
        ],
      },
      {
        title: 'Webhook events a minute',
        queries: [['{{vendor}} {{result}}', 'sum by (vendor, result) (rate(webhook_events_total[5m])) * 60']],
      },
      { title: 'Event loop delay P99', unit: 's', queries: [['{{instance}}', 'nodejs_eventloop_lag_p99_seconds']] },
      { title: 'Memory', unit: 'bytes', queries: [['{{instance}}', 'process_resident_memory_bytes']] },
      { title: 'CPU', queries: [['{{instance}}', 'rate(process_cpu_seconds_total[5m])']] },
      {
        title: 'Database and Redis',
        queries: [
          ['database {{instance}}', 'database_up'],
          ['Redis {{instance}}', 'redis_up'],
          ['limits alone {{instance}}', 'rate_limit_degraded'],
        ],
      },
      { title: 'Version', type: 'stat', queries: [['{{version}} {{commit}}', 'ava_build_info']] },
      { title: 'Stub mode', type: 'stat', queries: [['{{env}}', 'max by (env) (stub_mode)']] },
      {
        title: 'Rules evaluated',
        unit: 's',
        queries: [['seconds ago', 'time() - max(alerter_last_run_timestamp_seconds)']],
      },
    ],
  },
];

const WIDTH = 12;
const HEIGHT = 8;

/** One dashboard as Grafana imports it. */
export function dashboardJson({ uid, title, panels }: (typeof DASHBOARDS)[number]): string {
  const datasource = { type: 'prometheus', uid: '${datasource}' };
  const made = panels.map((panel, index) => ({
    id: index + 1,
    type: panel.type ?? 'timeseries',
    title: panel.title,
    datasource,
    gridPos: { x: (index % 2) * WIDTH, y: Math.floor(index / 2) * HEIGHT, w: WIDTH, h: HEIGHT },
    fieldConfig: { defaults: { unit: panel.unit ?? 'short', min: 0 }, overrides: [] },
    targets: panel.queries.map(([legendFormat, expr], query) => ({
      refId: String.fromCodePoint(65 + query),
      datasource,
      expr,
      legendFormat,
    })),
  }));
  const choice = { name: 'datasource', type: 'datasource', query: 'prometheus', label: 'Data source' };
  const document = {
    uid,
    title,
    tags: ['ava'],
    schemaVersion: 39,
    timezone: 'utc',
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    templating: { list: [choice] },
    panels: made,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
