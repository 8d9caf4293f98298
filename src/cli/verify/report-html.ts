/** One page that needs nothing else: the verdict, each check with its evidence, the times against the guide's fifteen minutes. */
import path from 'node:path';
import type { Check, VerificationBody } from '../../features/releases/contract.ts';
import { type Guide, stateOfLine } from './guide.ts';
import { attribute as escape } from './report-xml.ts';
import { SMOKE_CHECKS } from './smoke.ts';

type Step = { name: string; minutes: number; has(check: Check): boolean };

const lines =
  (...requirements: string[]) =>
  ({ requirement }: Check) =>
    requirements.includes(requirement ?? '');
const SMOKE = new Set(SMOKE_CHECKS.map((check) => check.id));

/** The guide's own times, in minutes; a check counts for the first step that has it. */
const STEPS: Step[] = [
  { name: 'Environment', minutes: 5, has: lines('R1') },
  { name: 'Dependencies', minutes: 2, has: lines('R2') },
  { name: 'Smoke tests', minutes: 1, has: ({ id, requirement }) => SMOKE.has(id) || requirement === 'R3' },
  { name: 'Start or restart', minutes: 2, has: lines('R4', 'R15', 'R17') },
  { name: 'Verification with curl, beyond the smoke tests', minutes: 2, has: lines('R5', 'R6', 'R7', 'R8') },
  { name: 'Dashboard and log', minutes: 3, has: lines('R9', 'R10', 'R11', 'R12', 'R13', 'R14', 'R16') },
];

const VERDICTS = {
  failed: 'A promise is broken. What failed is open below, with what was asked and what was answered.',
  incomplete: 'Nothing is broken, but not all could be seen from here. What was skipped says why.',
  passed: 'Every promise of the guide that was looked at is kept.',
};

export function htmlOf(run: VerificationBody, guide?: Pick<Guide, 'file' | 'lines'>): string {
  const count = (state: string) => run.checks.filter((check) => check.state === state).length;
  const verdict = count('failed') > 0 ? 'failed' : count('skipped') > 0 ? 'incomplete' : 'passed';
  const worstFirst = ['failed', 'skipped', 'passed'].flatMap((state) =>
    run.checks.filter((one) => one.state === state),
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>AVA verification: ${verdict}</title><style>${STYLE}</style></head><body><main>
<h1>AVA verification: <span class="${verdict}">${verdict}</span></h1>
<p>${VERDICTS[verdict]}</p>
<p>${escape(run.target)}, AVA ${escape(run.version ?? 'unknown')} (${escape(run.commit ?? 'unknown')}), ${escape(momentOf(run.started_at))}</p>
<p>${count('passed')} of ${run.checks.length} passed, ${count('failed')} failed, ${count('skipped')} skipped. A skipped check is not a passed one.</p>
<h2>Times</h2>
${timesOf(run)}
<h2>Checks</h2>
${worstFirst.map(checkOf).join('\n')}
${guide === undefined ? '' : guideOf(guide, run.checks)}
</main></body></html>
`;
}

function momentOf(time: string): string {
  return `${time.slice(0, 19).replace('T', ' ')} UTC`;
}

/** Each line of the guide, how it came out, and which checks say so. */
function guideOf({ file, lines: all }: Pick<Guide, 'file' | 'lines'>, checks: Check[]): string {
  const titles = new Map(checks.map((check) => [check.id, check.title]));
  const rows = all.map((line) => {
    const state = stateOfLine(line, checks);
    const isSmoke = line.checks.length === SMOKE.size && line.checks.every((id) => SMOKE.has(id));
    const by = isSmoke ? 'The eight smoke checks' : line.checks.map((id) => titles.get(id) ?? id).join('; ');
    const said = line.checks.length === 0 ? 'No check proves this line; do it by hand.' : by;
    return `<tr><td>${line.line}</td><td class="${state}">${state}</td><td><code>${escape(line.text)}</code></td><td>${escape(said)}</td></tr>`;
  });
  return `<h2>${escape(path.basename(file))}, line by line</h2><div class="wide"><table><tr><th>Line</th><th>State</th><th>What it says</th><th>Proved by</th></tr>${rows.join('')}</table></div>`;
}

export function checkOf(check: Check): string {
  const line = check.requirement === null ? '' : `<span class="line">${escape(check.requirement)}</span>`;
  const evidence = check.evidence.map((one) =>
    (['request', 'response', 'log', 'metric'] as const)
      .filter((kind) => one[kind] !== undefined)
      .map((kind) => `<h4>${kind}</h4><pre>${escape(one[kind]!)}</pre>`)
      .join(''),
  );
  return `<details${check.state === 'failed' ? ' open' : ''}><summary><span class="${check.state}">${check.state}</span>${line}<b>${escape(check.title)}</b> <span class="time">${check.duration_ms} ms</span><br>${escape(check.detail)}</summary>${evidence.join('<hr>')}</details>`;
}

function timesOf(run: VerificationBody): string {
  const left = new Set(run.checks);
  const rows = STEPS.map(({ name, minutes, has }) => {
    const ours = [...left].filter(has);
    for (const check of ours) left.delete(check);
    const looked = ours.filter((check) => check.state !== 'skipped');
    const ms = looked.reduce((total, check) => total + check.duration_ms, 0);
    const why = ours.length === 0 ? 'not part of this run' : 'skipped, see below';
    return `<tr><td>${name}</td><td>${minutes} min</td><td>${looked.length === 0 ? why : seconds(ms)}</td></tr>`;
  });
  const total = Date.parse(run.finished_at) - Date.parse(run.started_at);
  rows.push(`<tr><th>Together</th><th>15 min</th><th>${seconds(total)}</th></tr>`);
  return `<table><tr><th>Step of the guide</th><th>Allowed</th><th>Took</th></tr>${rows.join('')}</table>`;
}

const seconds = (ms: number) => (ms < 100 ? 'under 0.1 s' : `${(ms / 1000).toFixed(1)} s`);

export const STYLE = `
body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#f6f7f9;color:#16181d}
main{max-width:60rem;margin:0 auto;padding:2rem 1rem}
details{background:#fff;border:1px solid #d9dde3;border-radius:8px;margin:.5rem 0;padding:.6rem .9rem}
summary{cursor:pointer}.line,.time{color:#5b6270;margin:0 .5rem}
.passed,.failed,.skipped,.incomplete{font-weight:600;margin-right:.4rem}
.passed{color:#12703a}.failed{color:#b3261e}.skipped,.incomplete{color:#8a5a00}
pre{background:#f1f3f6;padding:.6rem;overflow:auto;white-space:pre-wrap;word-break:break-word;border-radius:6px;font-size:13px}
h4{margin:.6rem 0 .2rem;text-transform:capitalize}.wide{overflow-x:auto}code{font-size:13px;word-break:break-word}td{vertical-align:top}table{border-collapse:collapse}td,th{text-align:left;padding:.3rem 1rem .3rem 0;border-bottom:1px solid #d9dde3}`;
