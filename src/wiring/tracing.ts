import type { TracerOptions } from '../tracing-otlp.ts';
import type { Tracer } from '../tracing.ts';

/** Undefined where no collector is configured; the SDK is not even loaded then. */
export async function tracerOf(options: TracerOptions): Promise<Tracer | undefined> {
  const { otlpEndpoint, otlpTracesEndpoint } = options.config;
  if (otlpEndpoint === undefined && otlpTracesEndpoint === undefined) return undefined;
  const { createTracer } = await import('../tracing-otlp.ts');
  return createTracer(options);
}
