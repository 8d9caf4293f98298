/**
 * Spans, as the rest of the house sees them. Without a collector there is no tracer at all: whoever could trace is handed
 * `undefined`. A span goes on as a W3C traceparent in the context of the work, so everything that passes a context on
 * passes the span on. Spans carry templates, codes and ids; never paths, queries, numbers or words.
 */
import { currentContext, newCorrelationId, runInContext } from './correlation.ts';

export type SpanAttributes = Record<string, string | number | boolean | string[] | undefined>;

export type SpanOrder = {
  /** Few and stable: a route, an operation, a queue. */
  name: string;
  kind: 'server' | 'client' | 'consumer' | 'internal';
  attributes?: SpanAttributes;
};

export type SpanEnd = { attributes?: SpanAttributes; isError?: boolean };

export type Span = {
  /** For whoever is called from within this span. */
  readonly traceparent: string;
  end(how?: SpanEnd): void;
};

export type Settled<T> = { value: T } | { error: unknown };

export type Tracer = {
  /** `parent`: a valid W3C traceparent, or undefined for the root of a new trace. */
  start(order: SpanOrder, parent: string | undefined): Span;
  /** Sends what waits, for as long as shutting down may take. Never rejects. */
  close(): Promise<void>;
};

/** Runs `work` within a span under the current one; `judge` says what came of it. */
export async function inSpan<T>(
  tracer: Tracer,
  order: SpanOrder,
  work: () => T | Promise<T>,
  judge: (settled: Settled<Awaited<T>>) => SpanEnd = (settled) => ({ isError: 'error' in settled }),
): Promise<Awaited<T>> {
  const context = currentContext() ?? { correlationId: newCorrelationId() };
  const attributes = { 'ava.correlation_id': context.correlationId, ...order.attributes };
  const span = tracer.start({ ...order, attributes }, context.traceparent);
  try {
    const value = await runInContext({ ...context, traceparent: span.traceparent }, work);
    span.end(judge({ value }));
    return value;
  } catch (error) {
    span.end(judge({ error }));
    throw error;
  }
}
