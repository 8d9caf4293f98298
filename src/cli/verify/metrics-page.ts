/** Reads the text that Prometheus reads. */
import type { VerifyContext } from './context.ts';
import { must } from './run.ts';
import { say } from './say.ts';

export type MetricSample = { name: string; labels: Record<string, string>; value: number };

export type MetricsPage = {
  samples: MetricSample[];
  /** Whether the metric is declared, with or without samples. */
  has(name: string): boolean;
  /** The first sample that carries all these labels. */
  value(name: string, labels?: Record<string, string>): number | undefined;
  /** Over all samples that carry all these labels; 0 where there are none. */
  sum(name: string, labels?: Record<string, string>): number;
};

export function readMetrics(text: string): MetricsPage {
  const declared = new Set<string>();
  const samples: MetricSample[] = [];
  for (const line of text.split('\n')) {
    const type = /^# TYPE (\S+)/.exec(line);
    if (type) declared.add(type[1]!);
    const sample = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/.exec(line);
    if (sample) samples.push({ name: sample[1]!, labels: labelsOf(sample[2] ?? ''), value: Number(sample[3]) });
  }
  const matching = (name: string, labels: Record<string, string> = {}) =>
    samples.filter(
      (sample) => sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
    );
  return {
    samples,
    has: (name) => declared.has(name),
    value: (name, labels) => matching(name, labels)[0]?.value,
    sum: (name, labels) => matching(name, labels).reduce((total, sample) => total + sample.value, 0),
  };
}

/** The page as the server that is verified shows it now. */
export async function readPage({ probe, options }: VerifyContext): Promise<MetricsPage> {
  const answer = await probe.ask('GET', '/metrics', { token: options.metricsToken });
  must(answer.status !== 401, say`/metrics wants a token: pass --metrics-token.`);
  must(answer.status === 200, say`/metrics answered ${answer.status}.`);
  return readMetrics(answer.text);
}

function labelsOf(text: string): Record<string, string> {
  const pairs = [...text.matchAll(/(?<!\w)(\w+)="((?:[^"\\]|\\.)*)"/g)];
  return Object.fromEntries(pairs.map((pair) => [pair[1]!, pair[2]!]));
}
