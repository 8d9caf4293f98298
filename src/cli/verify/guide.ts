/** Reads a deployment guide in Markdown: each fenced command and each target is mapped to its check, or named as not mapped. */
import { readFileSync } from 'node:fs';
import type { Check } from '../../features/releases/contract.ts';
import type { VerifyContext } from './context.ts';
import { type CheckDefinition, skip } from './run.ts';
import { say } from './say.ts';
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
  [/smoke|pytest|ava verify/i, SMOKE],
  [/(→|->|=>) *(page|warn|investigate|critical)/i, ['alerts']],
  [/state changes/i, ['breaker_log']],
  [/email\/test/i, ['stub_gate']],
  [[/X-Correlation-ID: *\S/i, /vapi\/settings/i], ['id_echoed']],
  [[/vapi\/settings/i, /X-Correlation-ID: *\S/i], ['id_echoed']],
  [[/for |while |seq |xargs|\{1\.\./i, /vapi\/settings/i], ['rate_limit']],
  [/> *10\/min|blocked|rapid/i, ['rate_limit']],
  [/vapi\/settings/i, ['settings_read', 'id_made']],
  [/rollback|revert|rollout undo|INTEGRATIONS_STUB_MODE=true/i, ['rollback']],
  [/healthz|readyz|\/health\b/i, ['health_and_version']],
  [/downtime|rolling update/i, ['rolling_update']],
  [[/breaker/i, /page|alert|1 ?min/i], ['alerts']],
  [/not closed|429s? *> *100|error rate|slack|pagerduty/i, ['alerts']],
  [/ava (user|token)\b/i, ['health_and_version']],
  [/ava release/i, ['rolling_update']],
  [/(DATABASE|REDIS)_URL/, ['health_and_version']],
  [
    /INTEGRATIONS_STUB_MODE|PUBLIC_URL|AVA_SECRET_KEY|VAPI_API_KEY|TWILIO_(ACCOUNT_SID|AUTH_TOKEN)|AVA_ENV/i,
    ['environment'],
  ],
  [/(pip|npm|pnpm|yarn) (install|ci)|requirements\.txt|python -c|import /i, ['dependencies']],
  [
    /systemctl|uvicorn|kubectl|git push|railway|render|fly(ctl)? |ava serve|npm start/i,
    ['health_and_version', 'start_in_log'],
  ],
  [/P95|500 ?ms/i, ['latency']],
  [/5xx|zero errors/i, ['no_own_errors']],
  [
    [/id/i, /coverage/i],
    ['log_ids', 'id_made'],
  ],
  [
    [/coverage/i, /id/i],
    ['log_ids', 'id_made'],
  ],
  [/correlation id|X-Correlation-ID/i, ['id_made', 'id_echoed']],
  [/429|rate.?limit/i, ['rate_limit', 'limit_log']],
  [/403|stub/i, ['stub_gate']],
  [/friendly|invalid api key/i, ['dashboard_states']],
  [/skeleton|toast|No settings configured|dashboard/i, ['dashboard', 'dashboard_states']],
  [/circuit breaker|breaker/i, ['breaker_metrics']],
];

/** What a guide asks for: its lines, and the checks that prove them, each once and in the order of the list. */
export type Guide = { file: string; lines: GuideLine[]; checks: Checks };

/** What could not be mapped is skipped under its line. */
export function mapGuide(file: string, checks: Checks): Guide {
  const lines = readGuide(readFileSync(file, 'utf8'));
  const wanted = new Set(lines.flatMap((line) => line.checks));
  const unmapped = lines
    .filter((line) => line.checks.length === 0)
    .map(({ line, text }) => ({
      id: unmappedId(line),
      requirement: null,
      title: `Line ${line}: ${text}`.slice(0, 200),
      run: async () => skip(say`No check proves this line; do it by hand.`),
    }));
  return { file, lines, checks: [...checks.filter((check) => wanted.has(check.id)), ...unmapped] };
}

const unmappedId = (line: number) => `guide_line_${line}`;

/** How a line came out: as the worst of its checks. */
export function stateOfLine({ line, checks }: GuideLine, done: readonly Check[]): Check['state'] {
  const ids = checks.length === 0 ? [unmappedId(line)] : checks;
  const states = done.filter((check) => ids.includes(check.id)).map((check) => check.state);
  if (states.includes('failed')) return 'failed';
  return states.length === 0 || states.includes('skipped') ? 'skipped' : 'passed';
}

/** The commands in fences and the targets in lists and tables, each with the checks that prove it. */
export function readGuide(markdown: string): GuideLine[] {
  const found: GuideLine[] = [];
  let isCode = false;
  let joined = '';
  let beganAt = 0;
  for (const [index, raw] of markdown.split(/\r?\n/).entries()) {
    const text = raw.trim();
    if (/^(```|~~~)/.test(text)) {
      isCode = !isCode;
      if (joined !== '') found.push(lineOf(beganAt, joined.trim()));
      joined = '';
      continue;
    }
    if (joined === '') beganAt = index + 1;
    const whole = joined + text;
    joined = isCode ? openPart(whole) : '';
    if (joined !== '') continue;
    if (isCode ? isCommand(whole) : isTarget(whole)) found.push(lineOf(beganAt, whole));
  }
  return found;
}

const lineOf = (line: number, text: string): GuideLine => ({ line, text, checks: checksFor(text) });

/** What goes on in the next line: after a backslash, and in a loop until its end. */
function openPart(text: string): string {
  if (text.endsWith('\\')) return `${text.slice(0, -1)} `;
  const isLoop = /^(for|while|until)\b/.test(text) && !/(^|[\s;])done\b/.test(text);
  return isLoop ? `${text} ` : '';
}

function isCommand(text: string): boolean {
  return text !== '' && !/^(#|\/\/)/.test(text);
}

/** A list item or a row of a table that promises a figure, or something that a check knows. */
function isTarget(text: string): boolean {
  if (!/^([-*] |\d+\. |\|)/.test(text) || /^\|[\s:|-]+\|?$/.test(text)) return false;
  return /[<>≤≥%]|\b\d+\b/.test(text) || checksFor(text).length > 0;
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
