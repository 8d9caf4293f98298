/** LIST: the settings of traces, named as OpenTelemetry names them. */
import { z } from 'zod';
import type { Setting } from './config-reader.ts';
import { pairs, text, url, whole } from './config-shapes.ts';

export const TRACING_SETTINGS = {
  otlpEndpoint: {
    name: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    schema: url.optional(),
    doc: 'Collector that traces are sent to over OTLP/HTTP, at /v1/traces below this address; unset: none.',
  },
  otlpTracesEndpoint: {
    name: 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
    schema: url.optional(),
    doc: 'The whole address that traces are sent to, where it is not /v1/traces below the one above.',
  },
  otlpHeaders: {
    name: 'OTEL_EXPORTER_OTLP_HEADERS',
    schema: pairs,
    default: '',
    secret: true,
    doc: 'Headers that the collector asks for, as name=value separated by commas, percent-encoded.',
  },
  otlpTimeoutMs: {
    name: 'OTEL_EXPORTER_OTLP_TIMEOUT',
    schema: whole(1, 60_000),
    default: '10000',
    doc: 'Milliseconds that the collector gets to take a batch of traces.',
  },
  otelServiceName: {
    name: 'OTEL_SERVICE_NAME',
    schema: text,
    default: 'ava',
    doc: 'Name of this installation in traces.',
  },
  otelResourceAttributes: {
    name: 'OTEL_RESOURCE_ATTRIBUTES',
    schema: pairs,
    default: '',
    doc: 'What else traces say about this installation, as name=value separated by commas.',
  },
  otelSampler: {
    name: 'OTEL_TRACES_SAMPLER',
    schema: z.enum([
      'always_on',
      'always_off',
      'traceidratio',
      'parentbased_always_on',
      'parentbased_always_off',
      'parentbased_traceidratio',
    ]),
    default: 'parentbased_always_on',
    doc: 'Which requests leave traces; `parentbased_…` does as the caller decided where it sends a traceparent.',
  },
  otelSamplerArg: {
    name: 'OTEL_TRACES_SAMPLER_ARG',
    schema: z
      .string()
      .regex(/^(0(\.\d+)?|1(\.0+)?)$/, 'must be a number from 0 to 1')
      .transform(Number),
    default: '1',
    doc: 'Part of the traces that `traceidratio` keeps, from 0 to 1.',
  },
  otelScheduleDelayMs: {
    name: 'OTEL_BSP_SCHEDULE_DELAY',
    schema: whole(10, 60_000),
    default: '5000',
    doc: 'Milliseconds that spans wait for others before they are sent together.',
  },
} satisfies Record<string, Setting>;
