import type { IncomingMessage } from 'node:http';
import { expect, it } from 'vitest';
import { currentContext, runInContext } from '../correlation.ts';
import { workOf } from '../http/trace-context.ts';
import { inContextOf, seal } from './envelope.ts';

const request = { headers: {}, rawHeaders: [] } as unknown as IncomingMessage;

it('The trace of a request that came without one is made once and goes along with its jobs', () => {
  const work = workOf(request, 'test-12345');
  work.tenant = 'tenant';
  const sent = JSON.parse(JSON.stringify(runInContext(work, () => seal({ a: 1 }))));
  const seen = inContextOf(sent, () => currentContext());
  expect(seen).toMatchObject({ correlationId: 'test-12345', tenant: 'tenant', traceparent: work.traceparent });
  expect(work.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
});

it('Two requests have two traces', () => {
  expect(workOf(request, 'a').traceparent).not.toBe(workOf(request, 'b').traceparent);
});
