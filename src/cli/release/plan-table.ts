/** The plan as a table for people, before anything is done. */
import { nameOf, type Plan, shownPlan } from './plan.ts';
import type { ReleaseStep } from '../../features/releases/contract.ts';

export function planTable(plan: Plan, schemaNote: string): string {
  const { steps, back } = shownPlan(plan);
  const head = `${plan.kind === 'release' ? 'Release' : 'Rollback'} of ${plan.url} to ${nameOf(plan.build)} on ${plan.target}`;
  const from = plan.replicas.map(({ name, url, from: build }) => `  ${name.padEnd(16)} ${url}  runs ${nameOf(build)}`);
  const note =
    steps.some(({ id }) => id === 'schema-check') || schemaNote === '' ? [] : [`Schema check: ${schemaNote}.`];
  const forward = steps.length === 0 ? [] : ['Steps', ...rows(steps)];
  const title = plan.kind === 'release' ? 'When a step fails after the first change, back' : 'Back';
  const together = plan.backAtOnce > 1 ? `, ${plan.backAtOnce} replicas at a time` : '';
  return [head, ...from, ...note, ...forward, `${title}${together}`, ...rows(back), ''].join('\n');
}

function rows(steps: ReleaseStep[]): string[] {
  const width = Math.max(...steps.map(({ id }) => id.length));
  return steps.flatMap(({ id, title, commands, until, otherwise }, index) => [
    `  ${String(index + 1).padStart(2)}  ${id.padEnd(width)}  ${title}`,
    ...commands.map((line) => `      $ ${line}`),
    `      until:     ${until}`,
    `      otherwise: ${otherwise}`,
  ]);
}
