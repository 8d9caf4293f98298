/** One page about a release: what happened and why, in plain words; then the steps, the checks and the watch as evidence. */
import type { Check } from '../../features/releases/contract.ts';
import { checkOf, STYLE } from '../verify/report-html.ts';
import { attribute as escape } from '../verify/report-xml.ts';
import type { Journal } from './journal.ts';
import { nameOf, shownPlan } from './plan.ts';
import { secondsBetween, standing } from './words.ts';

const VERDICTS = { succeeded: 'succeeded', rolled_back: 'rolled back', failed: 'failed', running: 'not finished' };
const COLOURS = { succeeded: 'passed', rolled_back: 'incomplete', failed: 'failed', running: 'incomplete' };

export function releaseHtml(journal: Journal): string {
  const { plan, ending, startedAt, red, returnedAt } = journal;
  const state = ending?.state ?? 'running';
  const kind = plan.kind === 'release' ? 'Release' : 'Rollback';
  const title = `${kind} of AVA to ${nameOf(plan.build)}`;
  const back = red !== undefined && returnedAt !== undefined ? secondsBetween(red.at, returnedAt) : undefined;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escape(title)}: ${VERDICTS[state]}</title><style>${STYLE}</style></head><body><main>
<h1>${escape(title)}: <span class="${COLOURS[state]}">${VERDICTS[state]}</span></h1>
<p><b>${escape(ending?.reason ?? standing(journal))}</b></p>
<table>
${row('Where', `${plan.url}, on ${plan.target}`)}
${row('Before', plan.replicas.map(({ name, from }) => `${name}: ${nameOf(from)}`).join(', '))}
${row('Begun', startedAt)}
${row('Ended', ending?.at ?? 'not yet')}
${red === undefined ? '' : row('Found to be bad', red.at)}
${back === undefined ? '' : row('From then to the verified old version', back)}
</table>
<h2>What happened</h2>
<table><tr><th>When</th><th>Step</th><th></th><th>What was seen</th></tr>
${journal.events.map(({ at, step, outcome, detail }) => `<tr><td>${escape(at.slice(11, 19))}</td><td>${escape(step)}</td><td class="${outcome === 'failed' ? 'failed' : ''}">${outcome}</td><td>${escape(detail)}</td></tr>`).join('\n')}
</table>
${watchOf(journal)}
<h2>Checks</h2>
${checksOf(journal)}
<h2>Plan</h2>
${planOf(journal)}
</main></body></html>
`;
}

function row(name: string, value: string): string {
  return `<tr><th>${name}</th><td>${escape(value)}</td></tr>`;
}

function watchOf({ criteria, watch }: Journal): string {
  if (criteria.length === 0) return '';
  const words = { pass: 'passed', fail: 'failed', hold: 'skipped' };
  const rows = criteria.map(
    ({ name, state, detail }) =>
      `<tr><td class="${words[state]}">${state === 'hold' ? 'too little to judge' : words[state]}</td><td>${escape(name)}</td><td>${escape(detail)}</td></tr>`,
  );
  return `<h2>Watch</h2><p>${Math.round((watch?.watchedMs ?? 0) / 1000)} s.</p><table>${rows.join('')}</table>`;
}

function checksOf({ checks }: Journal): string {
  if (checks.length === 0) return '<p>None were made.</p>';
  return checks.map(({ replica, isBack, check }) => checkOf(named(check, replica, isBack))).join('\n');
}

function named(check: Check, replica: string, isBack: boolean): Check {
  return { ...check, title: `${replica}${isBack ? ', old version again' : ''}: ${check.title}` };
}

function planOf({ plan }: Journal): string {
  const { steps, back } = shownPlan(plan);
  const list = (given: typeof steps) =>
    given
      .map(
        ({ title, replica, commands, until }) =>
          `<li>${escape(replica === null ? title : `${replica}: ${title}`)}; until ${escape(until)}${commands.map((line) => `<pre>${escape(line)}</pre>`).join('')}</li>`,
      )
      .join('');
  return `<ol>${list(steps)}</ol><h3>The way back</h3><ol>${list(back)}</ol>`;
}
