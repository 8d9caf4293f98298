/** The alert rules as Prometheus reads them, made from the one list. */
import { stringify } from 'yaml';
import { RULES } from '../src/features/alerts/rules.ts';

/** Content of monitoring/prometheus/rules.yml. */
export function prometheusRules(): string {
  const rules = RULES.map(({ id, severity, summary, forSeconds, keepSeconds, meaning, action, promql }) => ({
    alert: id,
    expr: promql,
    ...(forSeconds === 0 ? {} : { for: `${forSeconds}s` }),
    ...(keepSeconds === undefined ? {} : { keep_firing_for: `${keepSeconds / 60}m` }),
    labels: { severity, service: 'ava' },
    annotations: { summary, meaning, action },
  }));
  // Evaluated as often as AVA itself does, so that both tell of an outage within the same seconds.
  const groups = [{ name: 'ava', interval: '5s', rules }];
  return `# Made from src/features/alerts/rules.ts; a test holds it in step.\n${stringify({ groups }, { lineWidth: 0 })}`;
}
