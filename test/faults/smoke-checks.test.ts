/** The verifier is tested by breaking what it verifies: each planted fault must be caught, and a sound server never accused. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { VerifyOptions } from '../../src/cli/verify/context.ts';
import { createProbe } from '../../src/cli/verify/probe.ts';
import { SILENT } from '../../src/cli/verify/report-table.ts';
import { runChecks } from '../../src/cli/verify/run.ts';
import { createSessions } from '../../src/cli/verify/session.ts';
import { SMOKE_CHECKS } from '../../src/cli/verify/smoke.ts';
import { type AvaUnderTest, startAva } from '../harness/ava.ts';
import { startTamperingProxy, type Tamper, type TamperingProxy } from '../harness/tampering-proxy.ts';

const LIMIT = 200;
const ID = 'x-correlation-id';
const SETTINGS = '/api/v1/vapi/settings';
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

/** What is broken, and the check that has to notice. */
const FAULTS: [name: string, check: string, tamper: Tamper][] = [
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
];

const CLEAN_RUNS = 10;

let ava: AvaUnderTest;
let proxy: TamperingProxy;
let options: VerifyOptions;

beforeAll(async () => {
  ava = await startAva({ env: { AVA_ENV: 'production', SMTP_URL: '', RATE_LIMIT_PER_MINUTE: String(LIMIT) } });
  proxy = await startTamperingProxy(ava.url);
  const { token } = await ava.owner();
  options = { url: proxy.url, token, limit: LIMIT };
});

afterAll(async () => {
  await proxy.close();
  await ava.stop();
});

/** Runs the checks; answers the ids of those that failed. */
async function failing(tamper: Tamper | undefined, wanted?: string): Promise<string[]> {
  proxy.tamper(tamper);
  const probe = createProbe(options.url);
  const sessions = createSessions(probe, options.token);
  const definitions = SMOKE_CHECKS.filter((check) => wanted === undefined || check.id === wanted);
  const checks = await runChecks(definitions, { probe, sessions, options }, SILENT);
  proxy.tamper(undefined);
  await sessions.closeAll();
  return checks.filter((check) => check.state !== 'passed').map((check) => check.id);
}

describe('the smoke checks', () => {
  it.each(FAULTS)('notice that %s', async (_name, check, tamper) => {
    expect(await failing(tamper, check)).toEqual([check]);
  });

  it('never accuse a sound server', async () => {
    const accused: string[] = [];
    for (let run = 0; run < CLEAN_RUNS; run += 1) accused.push(...(await failing(undefined)));
    expect(accused).toEqual([]);
    console.log(
      `RESULT verify planted faults caught ${FAULTS.length} of ${FAULTS.length}, false alarms ${accused.length} of ${CLEAN_RUNS} runs`,
    );
  });
});
