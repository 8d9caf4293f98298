/** LIST: every check of `ava verify`: the eight of the smoke test, and the rest of the guide as far as it can be seen from outside. */
import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { VerifyContext } from './context.ts';
import { dashboardStates } from './dashboard-states.ts';
import { readLog, requestLines } from './log-file.ts';
import { type MetricsPage, readMetrics } from './metrics-page.ts';
import { type CheckDefinition, CheckFailed, must, skip } from './run.ts';
import { SMOKE_CHECKS } from './smoke.ts';

type FullCheck = CheckDefinition<VerifyContext>;

const smoke = SMOKE_CHECKS.map((check) => ({ ...check, title: `Smoke: ${check.title}` }));

export const FULL_CHECKS: readonly FullCheck[] = [
  { id: 'environment', requirement: 'R1', title: 'It runs as production, without stubs', run: environment },
  { id: 'dependencies', requirement: 'R2', title: 'Dependencies load', run: dependencies },
  ...smoke,
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

async function environment({ probe, options }: VerifyContext): Promise<string> {
  const { status, json } = await probe.ask('GET', '/api/v1/system/info', { token: options.token });
  must(status === 200, `/api/v1/system/info answered ${status}.`);
  if (json.env !== 'production') skip(`This is a ${json.env} installation; the guide is about production.`);
  must(json.stub_mode === false, 'INTEGRATIONS_STUB_MODE is on: the emergency fallback is in force.');
  must(!/127\.0\.0\.1|localhost/.test(json.public_url), `PUBLIC_URL is ${json.public_url}; vendors cannot reach that.`);
  return `Production, stub mode off, reached under ${json.public_url}.`;
}

async function dependencies(): Promise<string> {
  return skip('Cannot be seen from outside. Run `ava doctor` on the host: it loads every package.');
}

async function breakerLine({ options }: VerifyContext): Promise<string> {
  const lines = readLog(options).filter(({ raw }) => /Circuit breaker \[[^\][]+\] initialised/.test(raw));
  for (const upstream of ['vapi', 'twilio']) {
    must(
      lines.some(({ raw }) => raw.includes(`[${upstream}]`)),
      `No line tells that the breaker of ${upstream} began.`,
    );
  }
  return `${lines.length} breakers initialised.`;
}

async function idInLog({ probe, options }: VerifyContext, note: Note): Promise<string> {
  readLog(options);
  const id = `verify-${randomBytes(6).toString('hex')}`;
  await probe.ask('GET', '/healthz', { headers: { 'X-Correlation-ID': id } });
  // The line is written once the answer has left.
  for (let turn = 0; turn < 20; turn += 1) {
    const found = readLog(options).filter(({ raw }) => raw.includes(id));
    if (found.length > 0) {
      note({ log: found[0]!.raw.slice(0, 4000) });
      must(
        found.every(({ fields }) => fields['X-Correlation-ID'] === id),
        'A line has the id in another member.',
      );
      return `grep ${id} finds ${found.length} line(s).`;
    }
    await wait(100);
  }
  throw new CheckFailed(`grep ${id} finds nothing in the log.`);
}

type Note = Parameters<FullCheck['run']>[1];

async function dashboard({ probe }: VerifyContext): Promise<string> {
  const page = await probe.ask('GET', '/', { headers: { accept: 'text/html' } });
  must(page.status === 200 && /<script/.test(page.text), `/ answered ${page.status} without a page.`);
  const policy = page.headers.get('content-security-policy') ?? '';
  must(policy.includes("default-src 'none'"), 'The page has no strict content security policy.');
  const script = /<script[^<>]*\ssrc="([^"<>]+)"/.exec(page.text)?.[1];
  must(script !== undefined, 'The page loads no script.');
  const asset = await probe.ask('GET', script, { headers: { accept: '*/*' } });
  must(asset.status === 200, `${script} answered ${asset.status}.`);
  return 'The page and its script are served.';
}

/** What `grep "Circuit breaker.*opening\|closing"` counts. */
function isCounted(line: string): boolean {
  const words = line.indexOf('Circuit breaker');
  return line.includes('closing') || (words >= 0 && line.includes('opening', words));
}

async function breakerLog(context: VerifyContext, note: Note): Promise<string> {
  const changes = readLog(context.options).filter(({ raw }) => isCounted(raw));
  const odd = changes.find(({ raw }) => !/"msg":"Circuit breaker \[[^\][]+\] (opening|closing): /.test(raw));
  must(odd === undefined, `A line that is no change of state matches the grep: ${odd?.raw.slice(0, 200)}`);
  const metrics = await pageOf(context);
  const counted = metrics.sum('circuit_breaker_opens_total') + metrics.sum('circuit_breaker_closes_total');
  note({ metric: `opens + closes = ${counted}` });
  must(changes.length === counted, `The log has ${changes.length} changes of state, the metrics count ${counted}.`);
  return `${changes.length} changes of state in the log, as many in the metrics.`;
}

async function logIds({ options }: VerifyContext): Promise<string> {
  const lines = requestLines(readLog(options));
  must(lines.length > 0, 'The log has no line of a request.');
  const without = lines.filter(({ fields }) => typeof fields['X-Correlation-ID'] !== 'string');
  must(without.length === 0, `${without.length} of ${lines.length} request lines have no X-Correlation-ID.`);
  return `All ${lines.length} request lines have their X-Correlation-ID.`;
}

/** Below this many requests a share of one in a thousand says nothing. */
const ENOUGH_FOR_SHARES = 1000;

async function limitLog(context: VerifyContext): Promise<string> {
  const metrics = await pageOf(context);
  const refused = metrics.sum('rate_limit_rejections_total');
  const told = readLog(context.options).filter(({ fields }) =>
    String(fields['msg']).endsWith(' 429 Too Many Requests'),
  );
  must(told.length >= refused, `${refused} requests were refused, the log has ${told.length} lines of it.`);
  const real = metrics.sum('http_request_duration_seconds_count', { traffic: 'real' });
  if (real < ENOUGH_FOR_SHARES) return `${told.length} lines; ${real} requests of people are too few for a share.`;
  const share = metrics.sum('rate_limit_rejections_total', { traffic: 'real' }) / real;
  must(share < 0.001, `${(share * 100).toFixed(2)} % of the requests of people were refused; 0.1 % is the target.`);
  return `${told.length} lines; ${(share * 100).toFixed(3)} % of the requests of people were refused.`;
}

async function clientReuse(context: VerifyContext): Promise<string> {
  const metrics = await pageOf(context);
  const hits = metrics.sum('twilio_client_cache_total', { result: 'hit' });
  const all = metrics.sum('twilio_client_cache_total');
  if (all < 20) skip(`${all} look-ups of a Twilio client since the start are too few to judge.`);
  must(hits / all > 0.9, `${((hits / all) * 100).toFixed(1)} % of the look-ups found a client; 90 % is the target.`);
  return `${((hits / all) * 100).toFixed(1)} % of ${all} look-ups found a client.`;
}

const GUIDE_RULES = [
  'circuit_breaker_not_closed',
  'rate_limit_rejections',
  'responses_without_correlation_id',
  'error_rate',
];

async function alerts({ probe, options }: VerifyContext): Promise<string> {
  const { token } = options;
  const rules = await probe.ask('GET', '/api/v1/ops/alerts/rules', { token });
  if (rules.status === 403) skip('Only operators see alerts: pass the token of one.');
  const ids = ((rules.json?.rules ?? []) as { id: string }[]).map((rule) => rule.id);
  for (const id of GUIDE_RULES) must(ids.includes(id), `The rule ${id} is missing.`);
  const list = await probe.ask('GET', '/api/v1/ops/alerts', { token });
  const ageMs = Date.now() - Date.parse(list.json?.evaluated_at ?? '');
  must(ageMs < 60_000, `The rules were evaluated last at ${list.json?.evaluated_at ?? 'no time'}.`);
  const answer = await probe.ask('GET', '/api/v1/ops/alerts/channels', { token });
  const channels = (answer.json?.channels ?? []) as { channel: string; configured: boolean }[];
  const configured = channels.filter((channel) => channel.configured).map(({ channel }) => channel);
  must(
    configured.length > 0,
    'No channel is configured: set PAGERDUTY_ROUTING_KEY, SLACK_WEBHOOK_URL or ALERT_EMAIL_TO.',
  );
  const failing = channels.filter(hasFailedLast).map(({ channel }) => channel);
  must(failing.length === 0, `The last message to ${failing.join(' and ')} failed.`);
  return `${ids.length} rules, evaluated ${Math.round(ageMs / 1000)} s ago, to ${configured.join(', ')}.`;
}

function hasFailedLast(channel: { configured: boolean; last_failed_at?: string; last_delivered_at?: string }): boolean {
  return channel.configured && (channel.last_failed_at ?? '') > (channel.last_delivered_at ?? '');
}

async function noOwnErrors(context: VerifyContext): Promise<string> {
  const errors = (await pageOf(context)).sum('http_errors_total', { cause: 'ava' });
  must(errors === 0, `${errors} requests failed by AVA's own fault since it started.`);
  return "None since it started. A vendor's outage does not count.";
}

async function latency(context: VerifyContext): Promise<string> {
  const metrics = await pageOf(context);
  const labels = { traffic: 'real' };
  const stream = { ...labels, route: '/api/v1/events' };
  const count = (name: string, more: Record<string, string> = {}) =>
    metrics.sum(name, { ...labels, ...more }) - metrics.sum(name, { ...stream, ...more });
  const all = count('http_request_duration_seconds_count');
  if (all < 20) skip(`${all} requests since the start are too few to judge.`);
  const fast = count('http_request_duration_seconds_bucket', { le: '0.5' });
  const share = ((fast / all) * 100).toFixed(1);
  must(fast / all >= 0.95, `Only ${share} % of ${all} requests took less than 500 ms.`);
  return `${share} % of ${all} requests took less than 500 ms.`;
}

async function rollback(): Promise<string> {
  return skip('Would change what runs. `ava rollback --dry-run` shows the plan; /healthz then proves the version.');
}

async function rollingUpdate(): Promise<string> {
  return skip('Can only be seen during an update: run `ava watch` beside it.');
}

async function pageOf({ probe, options }: VerifyContext): Promise<MetricsPage> {
  const answer = await probe.ask('GET', '/metrics', { token: options.metricsToken });
  must(answer.status === 200, `/metrics answered ${answer.status}.`);
  return readMetrics(answer.text);
}
