/** Spans over OTLP/HTTP, through OpenTelemetry's own SDK. Imported only where a collector is configured: it is dear to load. */
import {
  type Context,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer as SdkTracer,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import * as sdk from '@opentelemetry/sdk-trace';
import type { Config } from './config.ts';
import type { Log } from './log.ts';
import type { Span, SpanEnd, SpanOrder, Tracer } from './tracing.ts';

export type TracerOptions = {
  config: Pick<
    Config,
    | 'env'
    | 'otlpEndpoint'
    | 'otlpTracesEndpoint'
    | 'otlpHeaders'
    | 'otlpTimeoutMs'
    | 'otelServiceName'
    | 'otelResourceAttributes'
    | 'otelSampler'
    | 'otelSamplerArg'
    | 'otelScheduleDelayMs'
  >;
  release: { version: string; commit: string };
  log: Log;
};

const MOST_WAITING = 2_048;
const SHUTDOWN_MS = 3_000;
const SAY_EVERY_MS = 300_000;

/** A collector that is slow or away costs spans, never requests: what does not fit into the queue is dropped. */
export function createTracer(options: TracerOptions): Tracer {
  const processor = new sdk.BatchSpanProcessor({
    exporter: saidOnce(exporterOf(options.config), options.log),
    maxQueueSize: MOST_WAITING,
    scheduledDelayMillis: options.config.otelScheduleDelayMs,
    exportTimeoutMillis: options.config.otlpTimeoutMs,
  });
  const provider = new sdk.TracerProvider({
    resource: resourceFromAttributes(resourceOf(options)),
    sampler: samplerOf(options.config),
    spanProcessors: [processor],
    spanLimits: { attributeValueLengthLimit: 256 },
  });
  const tracer = provider.getTracer('ava', options.release.version);
  return {
    start: (order, parent) => begin(tracer, order, parent),
    async close() {
      const inTime = AbortSignal.timeout(SHUTDOWN_MS);
      const tooLate = new Promise<void>((resolve) => inTime.addEventListener('abort', () => resolve()));
      await Promise.race([provider.shutdown().catch(() => {}), tooLate]);
    },
  };
}

function exporterOf({ otlpEndpoint, otlpTracesEndpoint, otlpHeaders, otlpTimeoutMs }: TracerOptions['config']) {
  const url = otlpTracesEndpoint ?? `${otlpEndpoint?.replace(/\/$/, '')}/v1/traces`;
  return new OTLPTraceExporter({ url, headers: otlpHeaders, timeoutMillis: otlpTimeoutMs, concurrencyLimit: 4 });
}

/** A collector that is away is worth one line now and then, not one for each batch. */
function saidOnce(exporter: sdk.SpanExporter, log: Log): sdk.SpanExporter {
  let saidMs = -Infinity;
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        if (result.code !== 0 && performance.now() - saidMs > SAY_EVERY_MS) {
          saidMs = performance.now();
          log.warn({ spans: spans.length }, 'Traces do not reach the collector; spans are dropped meanwhile');
        }
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
  };
}

function resourceOf({ config, release }: TracerOptions): Record<string, string> {
  return {
    'deployment.environment.name': config.env,
    ...config.otelResourceAttributes,
    'service.name': config.otelServiceName,
    'service.version': release.version,
    'vcs.ref.head.revision': release.commit,
  };
}

function samplerOf({ otelSampler, otelSamplerArg }: TracerOptions['config']): sdk.Sampler {
  const root = otelSampler.endsWith('always_off')
    ? new sdk.AlwaysOffSampler()
    : otelSampler.endsWith('traceidratio')
      ? new sdk.TraceIdRatioBasedSampler(otelSamplerArg)
      : new sdk.AlwaysOnSampler();
  return otelSampler.startsWith('parentbased_') ? new sdk.ParentBasedSampler({ root }) : root;
}

const KINDS: Record<SpanOrder['kind'], SpanKind> = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  consumer: SpanKind.CONSUMER,
  internal: SpanKind.INTERNAL,
};

function begin(tracer: SdkTracer, { name, kind, attributes }: SpanOrder, parent: string | undefined): Span {
  const span = tracer.startSpan(name, { kind: KINDS[kind], ...(attributes && { attributes }) }, contextOf(parent));
  const { traceId, spanId, traceFlags } = span.spanContext();
  return {
    traceparent: `00-${traceId}-${spanId}-0${traceFlags & 1}`,
    end({ attributes: more, isError = false }: SpanEnd = {}) {
      if (more) span.setAttributes(more);
      // No message: what went wrong may quote a vendor or a person.
      if (isError) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    },
  };
}

function contextOf(parent: string | undefined): Context {
  if (parent === undefined) return ROOT_CONTEXT;
  const [, traceId = '', spanId = '', flags = ''] = parent.split('-');
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16) & 1,
    isRemote: true,
  });
}
