/** LIST: what is planted beyond the smoke checks: in the configuration, the page, the alerts, the metrics, and in a copy of the log. */
import type { Passing, Tamper } from '../harness/tampering-proxy.ts';
import { swap } from './planted.ts';

const INFO = '/api/v1/system/info';
const ALERTS = '/api/v1/ops/alerts';
const isScript = (answer: Passing) => answer.path.startsWith('/assets/') && answer.path.endsWith('.js');

/** Found by the checks of a whole run that ask over HTTP. */
export const INSTALLATION_FAULTS: readonly (readonly [name: string, check: string, tamper: Tamper, words: RegExp])[] = [
  [
    'the flag that turns stubs off is ignored',
    'environment',
    swap(INFO, '"stub_mode":false', '"stub_mode":true'),
    /emergency fallback/,
  ],
  [
    'vendors are given an address that they cannot reach',
    'environment',
    swap(INFO, /"public_url":"[^"]*"/g, '"public_url":"http://localhost:8000"'),
    /vendors cannot reach that/,
  ],
  ['a script of the dashboard is missing', 'dashboard', (a) => void (isScript(a) && (a.status = 404)), /answered 404/],
  [
    'the styles of the dashboard are answered with the page',
    'dashboard',
    (a) => void (a.path.endsWith('.css') && (a.headers['content-type'] = 'text/html; charset=utf-8')),
    /instead of the file/,
  ],
  [
    'the page comes without its security policy',
    'dashboard',
    (a) => void (a.path === '/' && (a.headers['content-security-policy'] = undefined)),
    /security policy/,
  ],
  [
    'a rule of the guide is not there',
    'alerts',
    swap(`${ALERTS}/rules`, '"circuit_breaker_not_closed"', '"other"'),
    /circuit_breaker_not_closed is missing/,
  ],
  [
    'nobody evaluates the rules any more',
    'alerts',
    swap(ALERTS, /"evaluated_at":"[^"]*"/g, '"evaluated_at":"2026-01-01T00:00:00.000Z"'),
    /evaluated last at/,
  ],
  [
    'nobody would be told',
    'alerts',
    swap(`${ALERTS}/channels`, '"configured":true', '"configured":false'),
    /No channel is configured/,
  ],
  [
    "one request failed by AVA's own fault",
    'no_own_errors',
    (a) => void (a.path === '/metrics' && (a.body += 'http_errors_total{cause="ava"} 1\n')),
    /1 requests failed/,
  ],
  ['one request in ten takes 600 ms', 'latency', slower, /less than 500 ms/],
  ['no Twilio client is used again', 'client_reuse', neverReused, /0\.0 % of the look-ups/],
  [
    '/healthz hides a restart',
    'start_in_log',
    swap('/healthz', /"started_at":"[^"]*"/g, '"started_at":"2026-01-01T00:00:00.000Z"'),
    /hides a restart/,
  ],
];

/** One in ten of what took up to 500 ms is moved above it. */
function slower(answer: Passing): void {
  answer.body = answer.body.replaceAll(
    /^(http_request_duration_seconds_bucket\{(?=[^}]*le="0\.5")[^}]*\}) (\d+)$/gm,
    (_line, name: string, count: string) => `${name} ${Math.floor(Number(count) * 0.9)}`,
  );
}

function neverReused(answer: Passing): void {
  answer.body = answer.body
    .replace(/(twilio_client_cache_total\{result="hit"\}) \d+/, '$1 0')
    .replace(/(twilio_client_cache_total\{result="miss"\}) \d+/, '$1 60');
}

const lineOf = (msg: string) => `${JSON.stringify({ level: 'info', time: new Date().toISOString(), msg })}\n`;
const without = (words: RegExp) => (log: string) => log.replace(words, '');

/** Found by the checks that read the log; each changes a copy of it. */
export const LOG_FAULTS: readonly (readonly [
  name: string,
  check: string,
  change: (log: string) => string,
  words: RegExp,
])[] = [
  ['an echoed id is not logged', 'id_in_log', (log) => log, /finds nothing/],
  [
    'no breaker of Twilio began',
    'breaker_initialised',
    without(/.*Circuit breaker \[twilio\] initialised.*\n/),
    /breaker of twilio/,
  ],
  [
    'a breaker has no closing line',
    'breaker_log',
    without(/.*Circuit breaker \[vapi\] closing: .*\n/),
    /changes of state, the metrics count/,
  ],
  ['a line says "closing" that is no breaker\'s', 'breaker_log', (log) => log + lineOf('The pool is closing'), /grep/],
  [
    'a breaker opens in other words',
    'breaker_log',
    (log) => log + lineOf('Circuit breaker of Vapi opening now'),
    /is no change of state/,
  ],
  [
    'a request has no id in its line',
    'log_ids',
    (log) => log.replace(/"X-Correlation-ID":("[^"]*"[^\n]*"path":"\/healthz")/, '"id":$1'),
    /1 of \d+ request lines/,
  ],
  ['a 429 leaves no line', 'limit_log', without(/.* 429 Too Many Requests".*\n/), /requests were refused, the log has/],
  [
    'no line tells that a Twilio client is used again',
    'client_reuse',
    without(/.*"Twilio client cached".*\n/g),
    /were looked up, the log has/,
  ],
  ['a line is cut off', 'log_ids', (log) => `${log}{"level":"info","msg":"half a li`, /not one JSON object/],
];
