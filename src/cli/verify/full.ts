/** LIST: every check of `ava verify`: the eight of the smoke test, and the rest of the guide as far as it can be seen from outside. */
import type { Evidence } from '../../features/releases/contract.ts';
import type { VerifyContext } from './context.ts';
import { dashboardStates } from './dashboard-states.ts';
import {
  breakerLine,
  breakerLog,
  ENOUGH_LOOK_UPS,
  idInLog,
  limitLog,
  logIds,
  reuseInLog,
  startInLog,
} from './log-checks.ts';
import { readPage } from './metrics-page.ts';
import { type CheckDefinition, must, skip } from './run.ts';
import { type Said, say } from './say.ts';
import { SMOKE_CHECKS } from './smoke.ts';

type FullCheck = CheckDefinition<VerifyContext>;
type Note = (evidence: Evidence) => void;

const smoke = SMOKE_CHECKS.map((check) => ({ ...check, title: `Smoke: ${check.title}` }));

export const FULL_CHECKS: readonly FullCheck[] = [
  { id: 'environment', requirement: 'R1', title: 'It runs as production, without stubs', run: environment },
  { id: 'dependencies', requirement: 'R2', title: 'Dependencies load', run: dependencies },
  ...smoke,
  { id: 'start_in_log', requirement: 'R4', title: 'The log tells of the start of what answers', run: startInLog },
  {
    id: 'breaker_initialised',
    requirement: 'R5',
    title: 'The log tells that breakers are initialised',
    run: breakerLine,
  },
  { id: 'id_in_log', requirement: 'R7', title: 'The echoed id is found in the log', run: idInLog },
  { id: 'dashboard', requirement: 'R9', title: 'The dashboard is served', run: dashboard },
  { id: 'dashboard_states', requirement: 'R9', title: 'The states of the settings page', run: dashboardStates },
  { id: 'breaker_log', requirement: 'R10', title: 'The log counts every opening and closing', run: breakerLog },
  { id: 'log_ids', requirement: 'R11', title: 'Every request line has its correlation id', run: logIds },
  { id: 'limit_log', requirement: 'R12', title: 'Every 429 leaves a line, and there are few', run: limitLog },
  { id: 'client_reuse', requirement: 'R13', title: 'Twilio clients are used again', run: clientReuse },
  { id: 'alerts', requirement: 'R14', title: 'Alerts are evaluated and reach somebody', run: alerts },
  { id: 'no_own_errors', requirement: 'R16', title: "No 5xx by AVA's own fault", run: noOwnErrors },
  { id: 'latency', requirement: 'R16', title: 'P95 is below 500 ms', run: latency },
  { id: 'rollback', requirement: 'R15', title: 'The way back has been tried', run: rollback },
  { id: 'rolling_update', requirement: 'R17', title: 'No request fails during an update', run: rollingUpdate },
];

async function environment({ probe, options }: VerifyContext): Promise<Said> {
  const { status, json } = await probe.ask('GET', '/api/v1/system/info', { token: options.token });
  must(status === 200, say`/api/v1/system/info answered ${status}.`);
  if (json.env !== 'production') skip(say`This is a ${json.env} installation; the guide is about production.`);
  must(json.stub_mode === false, say`INTEGRATIONS_STUB_MODE is on: the emergency fallback is in force.`);
  must(
    !/127\.0\.0\.1|localhost/.test(json.public_url),
    say`PUBLIC_URL is ${json.public_url}; vendors cannot reach that.`,
  );
  return say`Production, stub mode off, reached under ${json.public_url}.`;
}

async function dependencies(): Promise<Said> {
  return skip(say`Cannot be seen from outside. Run \`ava doctor\` on the host: it loads every package.`);
}

/** The page and whatever it loads: a script, its modules, its styles. */
async function dashboard({ probe }: VerifyContext): Promise<Said> {
  const page = await probe.ask('GET', '/', { headers: { accept: 'text/html' } });
  must(page.status === 200 && /<script/.test(page.text), say`/ answered ${page.status} without a page.`);
  const policy = page.headers.get('content-security-policy') ?? '';
  must(policy.includes("default-src 'none'"), say`The page has no strict content security policy.`);
  const found = page.text.matchAll(/<(?:script|link)\b[^<>]*\s(?:src|href)="(\/[^"<>]+)"/g);
  const assets = [...new Set([...found].map((match) => match[1]!))];
  must(assets.length > 0, say`The page loads no script.`);
  for (const path of assets) {
    const asset = await probe.ask('GET', path, { headers: { accept: '*/*' } });
    must(asset.status === 200, say`${path} answered ${asset.status}.`);
    const type = asset.headers.get('content-type') ?? '';
    must(!type.startsWith('text/html'), say`${path} is answered with a page instead of the file.`);
  }
  return say`The page and the ${assets.length} files that it loads are served.`;
}

async function clientReuse(context: VerifyContext, note: Note): Promise<Said> {
  const metrics = await readPage(context);
  const all = metrics.sum('twilio_client_cache_total');
  if (all < ENOUGH_LOOK_UPS) skip(say`${all} look-ups of a Twilio client since the start are too few to judge.`);
  const share = metrics.sum('twilio_client_cache_total', { result: 'hit' }) / all;
  note({ metric: `twilio_client_cache_total: ${all}` });
  must(share > 0.9, say`${(share * 100).toFixed(1)} % of the look-ups found a client; 90 % is the target.`);
  const told = context.options.logFile === undefined ? [] : reuseInLog(context.options, all);
  return [...say`${(share * 100).toFixed(1)} % of ${all} look-ups found a client.`, ...told];
}

const GUIDE_RULES = [
  'circuit_breaker_not_closed',
  'rate_limit_rejections',
  'responses_without_correlation_id',
  'error_rate',
];

async function alerts({ probe, options }: VerifyContext): Promise<Said> {
  const { token } = options;
  const rules = await probe.ask('GET', '/api/v1/ops/alerts/rules', { token });
  if (rules.status === 403) skip(say`Only operators see alerts: pass the token of one.`);
  const ids = ((rules.json?.rules ?? []) as { id: string }[]).map((rule) => rule.id);
  for (const id of GUIDE_RULES) must(ids.includes(id), say`The rule ${id} is missing.`);
  const list = await probe.ask('GET', '/api/v1/ops/alerts', { token });
  const ageMs = Date.now() - Date.parse(list.json?.evaluated_at ?? '');
  must(ageMs < 60_000, say`The rules were evaluated last at ${list.json?.evaluated_at ?? 'no time'}.`);
  const answer = await probe.ask('GET', '/api/v1/ops/alerts/channels', { token });
  const channels = (answer.json?.channels ?? []) as { channel: string; configured: boolean }[];
  const configured = channels.filter((channel) => channel.configured).map(({ channel }) => channel);
  must(
    configured.length > 0,
    say`No channel is configured: set PAGERDUTY_ROUTING_KEY, SLACK_WEBHOOK_URL or ALERT_EMAIL_TO.`,
  );
  const failing = channels.filter(hasFailedLast).map(({ channel }) => channel);
  must(failing.length === 0, say`The last message to ${failing.join(' and ')} failed.`);
  return say`${ids.length} rules, evaluated ${Math.round(ageMs / 1000)} s ago, to ${configured.join(', ')}.`;
}

function hasFailedLast(channel: { configured: boolean; last_failed_at?: string; last_delivered_at?: string }): boolean {
  return channel.configured && (channel.last_failed_at ?? '') > (channel.last_delivered_at ?? '');
}

async function noOwnErrors(context: VerifyContext): Promise<Said> {
  const errors = (await readPage(context)).sum('http_errors_total', { cause: 'ava' });
  must(errors === 0, say`${errors} requests failed by AVA's own fault since it started.`);
  return say`None since it started. A vendor's outage does not count.`;
}

async function latency(context: VerifyContext): Promise<Said> {
  const metrics = await readPage(context);
  const labels = { traffic: 'real' };
  const stream = { ...labels, route: '/api/v1/events' };
  const count = (name: string, more: Record<string, string> = {}) =>
    metrics.sum(name, { ...labels, ...more }) - metrics.sum(name, { ...stream, ...more });
  const all = count('http_request_duration_seconds_count');
  if (all < 20) skip(say`${all} requests since the start are too few to judge.`);
  const fast = count('http_request_duration_seconds_bucket', { le: '0.5' });
  const share = ((fast / all) * 100).toFixed(1);
  must(fast / all >= 0.95, say`Only ${share} % of ${all} requests took less than 500 ms.`);
  return say`${share} % of ${all} requests took less than 500 ms.`;
}

async function rollback(): Promise<Said> {
  return skip(
    say`Would change what runs. \`ava rollback --dry-run\` shows the plan; /healthz then proves the version.`,
  );
}

async function rollingUpdate(): Promise<Said> {
  return skip(say`Can only be seen during an update: run \`ava watch\` beside it.`);
}
