/** Reads a deployment guide in Markdown: each fenced command and each target is mapped to its check, or named as not mapped. */
import { readFileSync } from 'node:fs';
import type { VerifyContext } from './context.ts';
import { type CheckDefinition, CheckFailed, skip } from './run.ts';
import { SMOKE_CHECKS } from './smoke.ts';

type Checks = readonly CheckDefinition<VerifyContext>[];

export type GuideLine = { line: number; text: string; checks: string[] };

const SMOKE = SMOKE_CHECKS.map((check) => check.id);

/** What a line is about, the more particular first; the first that fits decides. Of several words each stands after the one before. */
const ABOUT: [RegExp | RegExp[], string[]][] = [
  [[/grep/i, /Circuit breaker/i, /opening|closing/i], ['breaker_log']],
  [[/grep/i, /Circuit breaker/i], ['breaker_initialised']],
  [[/grep/i, /correlation/i], ['log_ids']],
  [[/grep/i, /test-\w/i], ['id_in_log']],
  [[/grep/i, /429/], ['limit_log']],
  [[/grep/i, /Twilio/i], ['client_reuse']],
  [/client reuse|pool (efficiency|reuse)/i, ['client_reuse']],
  [/smoke|pytest/i, SMOKE],
  [/email\/test/i, ['stub_gate']],
  [[/X-Correlation-ID: *\S/i, /vapi\/settings/i], ['id_echoed']],
  [[/vapi\/settings/i, /X-Correlation-ID: *\S/i], ['id_echoed']],
  [[/for |seq |xargs|\{1\.\./i, /vapi\/settings/i], ['rate_limit']],
  [/> *10\/min|blocked|rapid/i, ['rate_limit']],
  [/vapi\/settings/i, ['settings_read', 'id_made']],
  [/rollback|revert|rollout undo/i, ['rollback']],
  [/healthz|readyz|\/health\b/i, ['health_and_version']],
  [/downtime|rolling update/i, ['rolling_update']],
  [[/breaker/i, /page|alert|1 ?min/i], ['alerts']],
  [/not closed|429s? *> *100|error rate|slack|pagerduty/i, ['alerts']],
  [/INTEGRATIONS_STUB_MODE|VAPI_API_KEY|TWILIO_(ACCOUNT_SID|AUTH_TOKEN)|AVA_ENV/i, ['environment']],
  [/(pip|npm|pnpm|yarn) (install|ci)|requirements\.txt|python -c|import /i, ['dependencies']],
  [/systemctl|uvicorn|kubectl|git push|railway|render|fly(ctl)? |ava serve|npm start/i, ['health_and_version']],
  [/P95|500 ?ms/i, ['latency']],
  [/5xx|zero errors/i, ['no_own_errors']],
  [/correlation id|X-Correlation-ID/i, ['id_made', 'id_echoed']],
  [/429|rate.?limit/i, ['rate_limit', 'limit_log']],
  [/403|stub/i, ['stub_gate']],
  [/skeleton|toast|No settings configured|dashboard/i, ['dashboard', 'dashboard_states']],
  [/circuit breaker|breaker/i, ['breaker_metrics']],
];

/** The checks that a guide asks for, in its order; what could not be mapped is skipped under its line. Throws `CheckFailed` for a file that has nothing to check. */
export function mapGuide(file: string, checks: Checks): Checks {
  const lines = readGuide(readFileSync(file, 'utf8'));
  if (lines.length === 0) throw new CheckFailed(`${file} has neither commands nor targets.`);
  const wanted = new Set(lines.flatMap((line) => line.checks));
  const unmapped = lines
    .filter((line) => line.checks.length === 0)
    .map(({ line, text }) => ({
      id: `guide_line_${line}`,
      requirement: null,
      title: `Line ${line}: ${text}`.slice(0, 200),
      run: async () => skip('No check proves this line; do it by hand.'),
    }));
  return [...checks.filter((check) => wanted.has(check.id)), ...unmapped];
}

/** The commands in fences and the targets in lists and tables, each with the checks that prove it. */
export function readGuide(markdown: string): GuideLine[] {
  const found: GuideLine[] = [];
  let isCode = false;
  let joined = '';
  for (const [index, raw] of markdown.split(/\r?\n/).entries()) {
    const text = raw.trim();
    if (/^(```|~~~)/.test(text)) {
      isCode = !isCode;
      continue;
    }
    if (isCode && text.endsWith('\\')) {
      joined += `${text.slice(0, -1)} `;
      continue;
    }
    const whole = joined + text;
    joined = '';
    if (isCode ? isCommand(whole) : isTarget(whole))
      found.push({ line: index + 1, text: whole, checks: checksFor(whole) });
  }
  return found;
}

function isCommand(text: string): boolean {
  return text !== '' && !/^(#|\/\/)/.test(text);
}

/** A list item or a row of a table that promises a figure. */
function isTarget(text: string): boolean {
  return /^([-*] |\d+\. |\|)/.test(text) && !/^\|[\s:|-]+\|?$/.test(text) && /[<>≤≥%]|\b\d+\b/.test(text);
}

function checksFor(text: string): string[] {
  return ABOUT.find(([words]) => standInTurn([words].flat(), text))?.[1] ?? [];
}

/** Word for word, each in what the one before left: never slower than the line is long. */
function standInTurn(words: RegExp[], text: string): boolean {
  let rest = text;
  return words.every((word) => {
    const found = word.exec(rest);
    rest = found ? rest.slice(found.index + found[0].length) : rest;
    return found !== null;
  });
}
