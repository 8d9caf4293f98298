/** Traces: one from the caller through AVA to the vendor, over OTLP/HTTP to a real little collector. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readSources } from '../house/imports.ts';
import { type CollectedSpan, type Collector, startCollector } from '../harness/collector.ts';
import { startTelephone, type Telephone } from '../harness/telephone.ts';
import { until } from '../harness/until.ts';

// Whole servers and browsers are slow to start on a busy machine.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 300_000 });

let collector: Collector;
let telephone: Telephone;
beforeAll(async () => {
  collector = await startCollector();
  telephone = await startTelephone({
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=birch%20dental',
      OTEL_BSP_SCHEDULE_DELAY: '50',
      OTEL_SERVICE_NAME: 'ava-under-test',
      OTEL_EXPORTER_OTLP_TIMEOUT: '1000',
    },
  });
  await telephone.route();
});
afterAll(async () => {
  await telephone?.stop();
  await collector?.close();
});

const hex = (bytes: number) => randomBytes(bytes).toString('hex');
const inTrace = (traceId: string) => collector.spans.filter((span) => span.traceId === traceId);

/** The span of the request ends last; batches come in the order in which spans ended. */
async function wholeTrace(traceId: string): Promise<CollectedSpan[]> {
  await until('the span of the request has come', () => inTrace(traceId).some((span) => span.kind === 2), 60_000);
  return inTrace(traceId);
}

async function changeTemperature(value: number, headers: Record<string, string>): Promise<Response> {
  return telephone.owner.fetch('/api/v1/vapi/settings/temperature?note=%2B4930123456', {
    method: 'PUT',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ value }),
  });
}

describe('a trace', () => {
  it('goes from the caller through the request and the attempt to the vendor, each the child of the one before', async () => {
    const [traceId, callerSpan] = [hex(16), hex(8)];
    const headers = { traceparent: `00-${traceId}-${callerSpan}-01`, 'x-correlation-id': `trace-${callerSpan}` };
    expect((await changeTemperature(0.4, headers)).status).toBe(200);
    const spans = await wholeTrace(traceId);
    const server = spans.find((span) => span.kind === 2)!;
    expect(server).toMatchObject({ name: 'PUT /api/v1/vapi/settings/:key', parentSpanId: callerSpan, isError: false });
    expect(server.attributes).toMatchObject({
      'http.route': '/api/v1/vapi/settings/:key',
      'ava.correlation_id': `trace-${callerSpan}`,
    });
    expect(Number(server.attributes['http.response.status_code'])).toBe(200);
    const call = spans.find((span) => span.name === 'vapi assistant.patch')!;
    expect(call.parentSpanId).toBe(server.spanId);
    const attempt = spans.find((span) => span.name === 'vapi assistant.patch attempt')!;
    expect(attempt).toMatchObject({ parentSpanId: call.spanId, kind: 3 });
    expect(attempt.attributes).toMatchObject({ 'peer.service': 'vapi', 'ava.outcome': 'ok' });
    expect(Number(attempt.attributes['ava.attempt'])).toBe(1);
    const seen = telephone.ava.simulator.control.requests({ vendor: 'vapi' });
    const patch = seen.find(
      (one) => one.method === 'PATCH' && one.headers['x-correlation-id'] === `trace-${callerSpan}`,
    )!;
    expect(patch.headers['traceparent']).toBe(`00-${traceId}-${attempt.spanId}-01`);
  });

  it('begins anew where the caller sends none, and is not sent where the caller chose so', async () => {
    const id = `root-${hex(4)}`;
    await telephone.owner.fetch('/api/v1/system/info', { headers: { 'x-correlation-id': id } });
    const root = await until(
      'the span has come',
      () => collector.spans.find((span) => span.attributes['ava.correlation_id'] === id),
      60_000,
    );
    expect(root.parentSpanId).toBeUndefined();
    const unsampled = hex(16);
    const headers = { traceparent: `00-${unsampled}-${hex(8)}-00` };
    await telephone.owner.fetch('/api/v1/system/info', { headers });
    const later = `later-${hex(4)}`;
    await telephone.owner.fetch('/api/v1/system/info', { headers: { 'x-correlation-id': later } });
    await until(
      'a later span has come',
      () => collector.spans.some((span) => span.attributes['ava.correlation_id'] === later),
      60_000,
    );
    expect(inTrace(unsampled)).toEqual([]);
  });

  it('tells of webhooks, of their processing and of jobs, and never of numbers, keys, queries or what was said', async () => {
    const rung = await telephone.ava.simulator.control.placeCall({
      to: telephone.number,
      script: { says: ['my tooth aches since Tuesday'] },
    });
    await telephone.callWhen(rung.callSid, 'the call is over', (one) => one.status === 'ended' && one.has_transcript);
    const names = ['POST /webhooks/twilio/voice', 'POST /webhooks/vapi', 'webhooks process', 'job calls.settle'];
    await until(
      'spans of all kinds have come',
      () => names.every((name) => collector.spans.some((s) => s.name === name)),
      90_000,
    );
    const { vapi, twilio } = telephone.ava.simulator;
    const secrets = [
      rung.from,
      telephone.number,
      '4930123456',
      'tooth',
      vapi.apiKey,
      twilio.authToken,
      telephone.owner.token,
    ];
    const sent = collector.bodies.join('\n');
    for (const secret of secrets) expect(sent, secret).not.toContain(secret.replace(/^\+/, ''));
    expect(collector.resource).toMatchObject({ 'service.name': 'ava-under-test' });
    expect(collector.headers[0]).toMatchObject({ 'x-tenant': 'birch dental' });
  });

  it('names each attempt and what came of it when the vendor fails', async () => {
    const [traceId, callerSpan] = [hex(16), hex(8)];
    telephone.ava.simulator.control.addFault({ vendor: 'vapi', kind: 'status', status: 503 });
    await changeTemperature(0.5, { traceparent: `00-${traceId}-${callerSpan}-01` });
    telephone.ava.simulator.control.clearFaults();
    const spans = await wholeTrace(traceId);
    const attempts = spans.filter((span) => span.kind === 3 && span.isError);
    expect(attempts.length).toBeGreaterThan(0);
    expect(attempts[0]!.attributes).toMatchObject({ 'ava.outcome': 'upstream', 'error.type': 'upstream' });
  });
});

describe('a collector that fails', () => {
  it('harms no request: broken, silent or gone', async () => {
    for (const how of ['broken', 'silent'] as const) {
      collector.behave(how);
      const answers = await Promise.all(
        Array.from({ length: 50 }, () => telephone.owner.fetch('/api/v1/system/info').then((answer) => answer.status)),
      );
      expect(answers.every((status) => status === 200)).toBe(true);
    }
    await until('the log says so', () => telephone.ava.log().includes('Traces do not reach the collector'), 60_000);
    await collector.close();
    expect((await telephone.owner.fetch('/api/v1/system/info')).status).toBe(200);
    expect(await telephone.ava.stopProcess()).toBe(0);
  });
});

it('the SDK is imported by one file, and that file only where a collector is configured', () => {
  const importers = readSources('src').filter((file) =>
    file.packages.some((name) => name.startsWith('@opentelemetry/')),
  );
  expect(importers.map((file) => file.name)).toEqual(['src/tracing-otlp.ts']);
  const users = readSources('src').flatMap((file) =>
    file.imports.filter(({ target, typeOnly }) => target === 'src/tracing-otlp.ts' && !typeOnly).map(() => file),
  );
  expect(users.map((file) => file.name)).toEqual(['src/wiring/tracing.ts']);
  expect(users[0]!.text).toContain("await import('../tracing-otlp.ts')");
});
