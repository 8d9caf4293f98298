/** LIST: what is planted in the answers of a sound server, and the check of `ava verify` that has to notice. */
import type { Passing, Tamper } from '../harness/tampering-proxy.ts';

/** `words`: what the check has to say, where it could fail for another reason as well. */
type AnswerFault = [name: string, check: string, tamper: Tamper, words?: RegExp];

const ID = 'x-correlation-id';
const SETTINGS = '/api/v1/vapi/settings';
/** Changes the text of the answers at a path. */
export const swap =
  (path: string, from: RegExp | string, to: string): Tamper =>
  (answer) => {
    if (answer.path === path) answer.body = answer.body.replaceAll(from, to);
  };
/** Changes the headers of the answers with a status. */
const header =
  (status: number, change: (headers: Passing['headers']) => void): Tamper =>
  (answer) => {
    if (answer.status === status) change(answer.headers);
  };
const isSetting = (path: string) => path.startsWith(`${SETTINGS}/verification_`);
const once = (tamper: Tamper): Tamper => {
  let isDone = false;
  return (answer) => {
    const { status, headers, body } = answer;
    if (isDone) return;
    tamper(answer);
    isDone = status !== answer.status || body !== answer.body || headers !== answer.headers;
  };
};

export const ANSWER_FAULTS: readonly AnswerFault[] = [
  ['the id is not echoed', 'id_echoed', (a) => void (a.asked[ID] && (a.headers[ID] = crypto.randomUUID()))],
  ['every answer has the same id', 'id_made', (a) => void (a.headers[ID] = '3f8f1f64-57b3-4a3a-9c1c-0e3a1f0d9b11')],
  ['no id on a 404', 'id_made', (a) => void (a.status === 404 && (a.headers[ID] = undefined))],
  ['no id on a 401', 'id_made', (a) => void (a.status === 401 && (a.headers[ID] = undefined))],
  ['no id on a 429', 'rate_limit', (a) => void (a.status === 429 && (a.headers[ID] = undefined))],
  ['the id is no UUID', 'id_made', (a) => void (a.asked[ID] || (a.headers[ID] = '12345'))],
  ['any id is taken over', 'id_echoed', (a) => void (a.asked[ID] && (a.headers[ID] = a.asked[ID]))],
  [
    'the error document names another id',
    'id_echoed',
    (a) => (a.body = a.body.replace(/"correlation_id":"[^"]*"/, '"correlation_id":"x"')),
  ],
  [
    'health lies about the version',
    'health_and_version',
    (a) => void (a.path === '/healthz' && (a.body = a.body.replace(/"version":"[^"]*"/, '"version":"9.9.9"'))),
  ],
  ['health answers 503', 'health_and_version', (a) => void (a.path === '/healthz' && (a.status = 503))],
  ['it is never ready', 'health_and_version', (a) => void (a.path === '/readyz' && (a.status = 503))],
  [
    'settings answer 500',
    'settings_read',
    (a) => void (a.path === SETTINGS && a.method === 'GET' && !a.asked[ID] && a.status === 200 && (a.status = 500)),
  ],
  [
    'a setting has no ETag',
    'settings_read',
    (a) => void (a.path === SETTINGS && (a.body = a.body.replaceAll('"etag"', '"tag"'))),
  ],
  [
    'a write is not kept',
    'settings_write',
    (a) =>
      void (a.method === 'GET' && isSetting(a.path) && (a.body = a.body.replace(/"check":"[^"]*"/, '"check":"older"'))),
  ],
  ['If-Match is ignored', 'settings_write', (a) => void (a.status === 412 && (a.status = 200))],
  [
    'a removed setting stays',
    'settings_write',
    (a) => void (a.status === 404 && isSetting(a.path) && (a.status = 200)),
  ],
  [
    'the 403 of the stub gate has other words',
    'stub_gate',
    (a) => (a.body = a.body.replace('Stub integrations are disabled in production', 'Not allowed')),
  ],
  ['the stub gate answers 400', 'stub_gate', (a) => void (a.path.endsWith('/email/test') && (a.status = 400))],
  [
    'stub data in production',
    'stub_gate',
    (a) => {
      if (!a.path.endsWith('/email/test')) return;
      a.status = 200;
      a.body = JSON.stringify({ delivered: false, stub: true, provider: null, message_id: null, note: '' });
    },
  ],
  ['nothing is ever refused', 'rate_limit', (a) => void (a.status === 429 && (a.status = 200))],
  ['one more passes than the limit allows', 'rate_limit', once((a) => void (a.status === 429 && (a.status = 200)))],
  [
    'the limit is lower than it says',
    'rate_limit',
    once((a) => void (a.path === SETTINGS && a.headers['x-ratelimit-remaining'] === '20' && (a.status = 429))),
  ],
  ['a 429 without Retry-After', 'rate_limit', (a) => void (a.status === 429 && (a.headers['retry-after'] = undefined))],
  [
    'another limit is told',
    'rate_limit',
    (a) => void (a.headers['x-ratelimit-limit'] && (a.headers['x-ratelimit-limit'] = '999')),
  ],
  [
    'one request within the limit is a 500',
    'rate_limit',
    once((a) => void (a.path === SETTINGS && a.headers['x-ratelimit-remaining'] === '20' && (a.status = 500))),
  ],
  [
    'an upstream has no breaker',
    'breaker_metrics',
    (a) =>
      (a.body = a.body.replaceAll('circuit_breaker_state{upstream="twilio"', 'circuit_breaker_state{upstream="other"')),
  ],
  [
    'a counter of the breakers is gone',
    'breaker_metrics',
    (a) => (a.body = a.body.replaceAll('circuit_breaker_closes_total', 'breaker_closes_total')),
  ],
  [
    'a closed breaker is said not to be',
    'breaker_metrics',
    (a) =>
      (a.body = a.body.replace(/(circuit_breaker_not_closed_seconds\{upstream="vapi",scope="upstream"\}) 0/, '$1 40')),
  ],
  ['no id on the answer to OPTIONS', 'id_made', (a) => void (a.method === 'OPTIONS' && (a.headers[ID] = undefined))],
  ['the id is in the body only', 'id_made', inBodyOnly, /has no UUID/],
  [
    'the id is sent twice',
    'id_made',
    (a) => (a.headers[ID] = [String(a.headers[ID]), String(a.headers[ID])]),
    /has no UUID/,
  ],
  [
    'the id is sent twice, where one was given',
    'id_echoed',
    (a) => (a.headers[ID] = [String(a.headers[ID]), String(a.headers[ID])]),
  ],
  [
    'health lies about the commit',
    'health_and_version',
    swap('/healthz', /"commit":"[^"]*"/g, '"commit":"0000000"'),
    /says 0000000, the API says/,
  ],
  [
    'health names no commit',
    'health_and_version',
    swap('/healthz', /"commit":"[^"]*"/g, '"commit":""'),
    /names no commit/,
  ],
  [
    'health does not say since when',
    'health_and_version',
    swap('/healthz', /"started_at":"[^"]*"/g, '"started_at":"today"'),
    /when the process started/,
  ],
  [
    'settings are told to anybody',
    'id_echoed',
    (a) => void (a.path === SETTINGS && a.status === 401 && (a.status = 200)),
    /Without a token/,
  ],
  [
    'a write answers without its ETag',
    'settings_write',
    (a) => void (a.method === 'PUT' && (a.headers['etag'] = undefined)),
    /no ETag/,
  ],
  ['a removed setting stays in the list', 'settings_write', inList(), /still in the list/],
  ['the limit counts addresses instead of users', 'rate_limit', perAddress(), /Another user at the same address/],
  [
    'the fields of the limit tell something else than its headers',
    'rate_limit',
    (a) => void (a.headers['ratelimit'] && (a.headers['ratelimit'] = '"vapi";r=3;t=60')),
    /RateLimit says/,
  ],
  [
    'the policy of the limit tells another limit',
    'rate_limit',
    (a) => void (a.headers['ratelimit-policy'] && (a.headers['ratelimit-policy'] = '"vapi";q=999;w=60')),
    /RateLimit-Policy says/,
  ],
  [
    'the limit is reset in milliseconds',
    'rate_limit',
    (a) => void (a.headers['x-ratelimit-reset'] && (a.headers['x-ratelimit-reset'] += '000')),
    /X-RateLimit-Reset lies/,
  ],
  ['a 429 asks for an hour', 'rate_limit', header(429, (h) => (h['retry-after'] = '3600')), /Retry-After 3600/],
  ['a 429 has no code', 'rate_limit', (a) => void (a.status === 429 && (a.body = 'Slow down')), /has the code/],
  [
    'a breaker is in no state that there is',
    'breaker_metrics',
    swap('/metrics', /(circuit_breaker_state\{upstream="vapi",scope="upstream"\}) 0/g, '$1 7'),
    /not 0, 1 or 2/,
  ],
  [
    'the metrics cannot be read',
    'breaker_metrics',
    (a) => void (a.path === '/metrics' && (a.status = 500)),
    /metrics answered 500/,
  ],
  [
    'a tenant of the verification cannot be removed',
    'residue',
    (a) => void (a.method === 'DELETE' && a.path.startsWith('/api/v1/ops/verification/') && (a.status = 500)),
    /could not be removed/,
  ],
];

function inBodyOnly(answer: Passing): void {
  answer.body = JSON.stringify({ correlation_id: answer.headers[ID] });
  answer.headers[ID] = undefined;
}

/** What was written last is listed for ever. */
function inList(): Tamper {
  let key = '';
  return (answer) => {
    if (answer.method === 'PUT' && isSetting(answer.path)) key = answer.path.slice(SETTINGS.length + 1);
    if (answer.path === SETTINGS && key !== '') {
      answer.body = answer.body.replace('"settings":[', `"settings":[{"key":"${key}","etag":"x"},`);
    }
  };
}

/** Once one user has used the limit up, whoever else comes from there is refused as well. */
function perAddress(): Tamper {
  let first: string | undefined;
  return (answer) => {
    const who = answer.asked['authorization'];
    if (answer.path !== SETTINGS || who === undefined) return;
    if (answer.status === 429) first ??= who;
    else if (first !== undefined && who !== first) answer.status = 429;
  };
}
