/** One page that needs nothing else: the verdict, each check with its evidence, the times against the guide's fifteen minutes. */
import type { Check, VerificationBody } from '../../features/releases/contract.ts';
import { attribute as escape } from './report-xml.ts';

/** The guide's own times, in minutes, with the lines that each step proves. */
const STEPS: { name: string; minutes: number; requirements: string[] }[] = [
  { name: 'Environment', minutes: 5, requirements: ['R1'] },
  { name: 'Dependencies', minutes: 2, requirements: ['R2'] },
  { name: 'Smoke tests', minutes: 1, requirements: ['R3'] },
  { name: 'Start or restart', minutes: 2, requirements: ['R4', 'R15', 'R17'] },
  { name: 'Verification with curl', minutes: 2, requirements: ['R5', 'R6', 'R7', 'R8'] },
  { name: 'Dashboard and log', minutes: 3, requirements: ['R9', 'R10', 'R11', 'R12', 'R13', 'R14', 'R16'] },
];

export function htmlOf(run: VerificationBody): string {
  const count = (state: string) => run.checks.filter((check) => check.state === state).length;
  const verdict = count('failed') > 0 ? 'failed' : count('skipped') > 0 ? 'incomplete' : 'passed';
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>AVA verification: ${verdict}</title><style>${STYLE}</style></head><body><main>
<h1>AVA verification: <span class="${verdict}">${verdict}</span></h1>
<p>${escape(run.target)}, AVA ${escape(run.version ?? 'unknown')} (${escape(run.commit ?? 'unknown')}), ${escape(run.started_at)}</p>
<p>${count('passed')} of ${run.checks.length} passed, ${count('failed')} failed, ${count('skipped')} skipped. A skipped check is not a passed one.</p>
<h2>Checks</h2>
${run.checks.map(checkOf).join('\n')}
<h2>Times</h2>
${timesOf(run)}
</main></body></html>
`;
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
  const rows = STEPS.map(({ name, minutes, requirements }) => {
    const ours = run.checks.filter((check) => requirements.includes(check.requirement ?? ''));
    const ms = ours.reduce((total, check) => total + check.duration_ms, 0);
    const took = ours.length === 0 ? 'not measured' : `${(ms / 1000).toFixed(1)} s`;
    return `<tr><td>${name}</td><td>${minutes} min</td><td>${took}</td></tr>`;
  });
  const total = (Date.parse(run.finished_at) - Date.parse(run.started_at)) / 1000;
  rows.push(`<tr><th>Together</th><th>15 min</th><th>${total.toFixed(1)} s</th></tr>`);
  return `<table><tr><th>Step of the guide</th><th>Allowed</th><th>Took</th></tr>${rows.join('')}</table>`;
}

export const STYLE = `
body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#f6f7f9;color:#16181d}
main{max-width:60rem;margin:0 auto;padding:2rem 1rem}
details{background:#fff;border:1px solid #d9dde3;border-radius:8px;margin:.5rem 0;padding:.6rem .9rem}
summary{cursor:pointer}.line,.time{color:#5b6270;margin:0 .5rem}
.passed,.failed,.skipped,.incomplete{font-weight:600;margin-right:.4rem}
.passed{color:#12703a}.failed{color:#b3261e}.skipped,.incomplete{color:#8a5a00}
pre{background:#f1f3f6;padding:.6rem;overflow:auto;white-space:pre-wrap;word-break:break-word;border-radius:6px;font-size:13px}
h4{margin:.6rem 0 .2rem}table{border-collapse:collapse}td,th{text-align:left;padding:.3rem 1rem .3rem 0;border-bottom:1px solid #d9dde3}`;
