/** Writes the files of this folder that are made from code: `node monitoring/generate.ts`, then `npm run format`. */
import { writeFileSync } from 'node:fs';
import { prometheusRules } from './rules.ts';
import { OPERATIONS_PAGE, operationsPage } from './operations.ts';
import { DASHBOARDS, dashboardJson } from './dashboards.ts';

export function monitoringFiles(): Map<string, string> {
  const files = new Map([['prometheus/rules.yml', prometheusRules()]]);
  for (const dashboard of DASHBOARDS) files.set(`grafana/dashboards/${dashboard.uid}.json`, dashboardJson(dashboard));
  return files;
}

if (import.meta.main) {
  for (const [name, content] of monitoringFiles()) writeFileSync(new URL(name, import.meta.url), content);
  writeFileSync(OPERATIONS_PAGE, operationsPage());
}
