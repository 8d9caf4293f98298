/** A guard whose calls leave spans: one for the call as a whole, with what came of it, and one for each attempt. */
import { inSpan, type Settled, type SpanEnd, type Tracer } from '../tracing.ts';
import type { Guard, GuardedCall } from './guard.ts';
import { UpstreamError } from './upstream-error.ts';

export function traceGuard(guard: Guard, tracer: Tracer): Guard {
  return { ...guard, run: (call) => traced(guard, tracer, call) };
}

function traced<T>(guard: Guard, tracer: Tracer, call: GuardedCall<T>): Promise<T> {
  const { upstream, operation, lane, credential } = call;
  const attributes = {
    'peer.service': upstream,
    'ava.operation': operation,
    ...(credential && { 'ava.tenant': credential.tenant }),
  };
  const name = `${upstream} ${operation}`;
  return inSpan<T>(
    tracer,
    { name, kind: 'internal', attributes: { ...attributes, 'ava.lane': lane } },
    () =>
      guard.run({
        ...call,
        attempt: (context) => {
          const order = { name: `${name} attempt`, kind: 'client', attributes } as const;
          const numbered = { ...order, attributes: { ...attributes, 'ava.attempt': context.attempt } };
          return inSpan<T>(tracer, numbered, () => call.attempt(context), outcomeOf);
        },
      }),
    outcomeOf,
  ) as Promise<T>;
}

function outcomeOf(settled: Settled<unknown>): SpanEnd {
  if (!('error' in settled)) return { attributes: { 'ava.outcome': 'ok' } };
  const { error } = settled;
  if (!(error instanceof UpstreamError)) return { attributes: { 'ava.outcome': 'fault' }, isError: true };
  const { kind, status } = error;
  return {
    attributes: {
      'ava.outcome': kind,
      'error.type': kind,
      ...(status !== undefined && { 'http.response.status_code': status }),
    },
    isError: true,
  };
}
