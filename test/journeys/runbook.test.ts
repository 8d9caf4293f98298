/** The operator's deployment guide, line by line, over HTTP and on the log file of the real server process. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { execFileSync } from 'node:child_process';
import { type AvaUnderTest, startAva } from '../harness/ava.ts';
import { until } from '../harness/until.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Lines of the log file that `grep -c` counts, as an operator types it. */
function grepCount(file: string, pattern: string): number {
  try {
    return Number(execFileSync('grep', ['-c', pattern, file], { encoding: 'utf8' }));
  } catch (error) {
    if ((error as { status?: number }).status === 1) return 0;
    throw error;
  }
}

describe('the runbook in production', () => {
  let ava: AvaUnderTest;
  let owner: Awaited<ReturnType<AvaUnderTest['owner']>>;

  beforeAll(async () => {
    ava = await startAva({
      env: {
        AVA_ENV: 'production',
        HOST: '127.0.0.1',
        INTEGRATIONS_STUB_MODE: 'false',
        SMTP_URL: '',
        CIRCUIT_BREAKER_RECOVERY_TIMEOUT: '1',
        RATE_LIMIT_PER_MINUTE: '100000',
      },
    });
    owner = await ava.owner();
  });
  afterAll(() => ava?.stop());

  const logFile = () => ava.env['LOG_FILE']!;

  test('R15: /healthz proves which version runs', async () => {
    const answer = await fetch(`${ava.url}/healthz`);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({
      status: 'ok',
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      commit: expect.any(String),
      started_at: expect.any(String),
    });
  });

  test('R5: the settings are read with a new correlation id, and the log tells of the circuit breakers', async () => {
    const answer = await owner.fetch('/api/v1/vapi/settings');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-correlation-id')).toMatch(UUID);
    const body = (await answer.json()) as { settings: { key: string }[] };
    expect(body.settings.map((setting) => setting.key)).toEqual(
      expect.arrayContaining([
        'greeting_message',
        'max_call_duration',
        'voice_speed',
        'temperature',
        'max_tokens',
        'enable_transcription',
      ]),
    );
    expect(ava.log()).toContain('Circuit breaker [vapi] initialised');
    expect(ava.log()).toContain('Circuit breaker [twilio] initialised');
  });

  test('R6: the e-mail test is refused in production where no provider is configured', async () => {
    const answer = await owner.fetch('/api/v1/integrations/email/test', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ to: 'a@example.test', subject: 'Hello', text: 'Test' }),
    });
    expect(answer.status).toBe(403);
    expect(await answer.text()).toContain('Stub integrations are disabled in production');
  });

  test('R7: a given correlation id comes back and is found in the log', async () => {
    const answer = await owner.fetch('/api/v1/vapi/settings', { headers: { 'X-Correlation-ID': 'test-12345' } });
    expect(answer.headers.get('x-correlation-id')).toBe('test-12345');
    await until('the log has the id', () => grepCount(logFile(), 'test-12345') > 0);
  });

  test('R11: every request line carries the id, also of refusals and of what is not there', async () => {
    await fetch(`${ava.url}/api/v1/nothing-here`);
    await fetch(`${ava.url}/api/v1/vapi/settings`);
    await fetch(`${ava.url}/api/v1/vapi/settings`, { method: 'PATCH' });
    await fetch(`${ava.url}/healthz`, { method: 'OPTIONS' });
    await until('the lines are written', () => ava.log().includes('/api/v1/nothing-here 404 Not Found'));
    const requests = ava
      .lines()
      .filter((line) => typeof line['status'] === 'number' && typeof line['path'] === 'string');
    expect(requests.length).toBeGreaterThan(5);
    expect(requests.filter((line) => typeof line['X-Correlation-ID'] !== 'string')).toEqual([]);
  });

  test('R13: Twilio clients are made once and used again, and the metric agrees with the log', async () => {
    for (let i = 0; i < 4; i += 1) expect((await owner.fetch('/api/v1/twilio/numbers')).status).toBe(200);
    const metrics = await (await fetch(`${ava.url}/metrics`)).text();
    const hits = Number(/twilio_client_cache_total\{result="hit"\} (\d+)/.exec(metrics)?.[1] ?? 0);
    const misses = Number(/twilio_client_cache_total\{result="miss"\} (\d+)/.exec(metrics)?.[1] ?? 0);
    expect(grepCount(logFile(), 'Twilio client cached')).toBe(hits);
    expect(grepCount(logFile(), 'Twilio client created')).toBe(misses);
    expect(misses).toBe(1);
  });

  test('R10: the documented grep counts exactly the circuits that opened and closed, whatever else the log holds', async () => {
    // Paths and headers of strangers must not be counted.
    await fetch(`${ava.url}/api/v1/closing/Circuit%20breaker%20opening`);
    await fetch(`${ava.url}/closing?Circuit breaker opening`);
    const setTemperature = () =>
      owner.fetch('/api/v1/vapi/settings/temperature', {
        method: 'PUT',
        headers: { 'content-type': 'application/json', 'X-Correlation-ID': 'closing-opening' },
        body: JSON.stringify({ value: 0.4 }),
      });
    const fault = ava.simulator.control.addFault({ vendor: 'vapi', kind: 'status', status: 500 });
    await until('the circuit opens', async () => {
      await setTemperature();
      return ava.log().includes('Circuit breaker [vapi] opening: ');
    });
    const refused = await setTemperature();
    expect(refused.status).toBe(503);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    ava.simulator.control.removeFault(fault);
    await until('the circuit closes', async () => {
      await setTemperature();
      return ava.log().includes('Circuit breaker [vapi] closing: ');
    });
    const metrics = await (await fetch(`${ava.url}/metrics`)).text();
    const sum = (name: string) =>
      [...metrics.matchAll(new RegExp(`^${name}\\{[^}]*\\} (\\d+)`, 'gm'))].reduce(
        (total, match) => total + Number(match[1]),
        0,
      );
    const counted = grepCount(logFile(), 'Circuit breaker.*opening\\|closing');
    expect(counted).toBeGreaterThanOrEqual(2);
    expect(counted).toBe(sum('circuit_breaker_opens_total') + sum('circuit_breaker_closes_total'));
  });
});

describe('limits', () => {
  let ava: AvaUnderTest;
  beforeAll(async () => {
    ava = await startAva();
  });
  afterAll(() => ava?.stop());

  test('R8 and R12: of 15 rapid requests 10 pass and 5 are refused, each with its line', async () => {
    const owner = await ava.owner();
    const answers: Response[] = [];
    for (let i = 0; i < 15; i += 1) answers.push(await owner.fetch('/api/v1/vapi/settings'));
    expect(answers.map((answer) => answer.status)).toEqual([...Array(10).fill(200), ...Array(5).fill(429)]);

    const passed = answers[0]!;
    expect(passed.headers.get('x-ratelimit-limit')).toBe('10');
    expect(passed.headers.get('x-ratelimit-remaining')).toBe('9');
    const refused = answers[14]!;
    expect(refused.headers.get('content-type')).toContain('application/problem+json');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(refused.headers.get('x-ratelimit-remaining')).toBe('0');
    await until('each refusal has its line', () => grepCount(ava.env['LOG_FILE']!, '429 Too Many Requests') === 5);
  });
});

describe('R1: a production that is half configured', () => {
  test('names everything that is missing at once and does not open the port', async () => {
    const failure = await startAva({
      env: {
        AVA_ENV: 'production',
        AVA_SECRET_KEY: '',
        AVA_API_VAPI_API_KEY: '',
        TWILIO_AUTH_TOKEN: '',
        PORT: '99999',
      },
    }).catch((error: Error) => error);
    expect(failure).toBeInstanceOf(Error);
    const { message } = failure as Error;
    for (const name of ['AVA_SECRET_KEY', 'AVA_API_VAPI_API_KEY', 'TWILIO_AUTH_TOKEN', 'PORT'])
      expect(message).toContain(name);
  });
});
