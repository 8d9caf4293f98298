/** LIST: the eight black-box checks. They need nothing but the address and a token, and leave nothing behind. */
import { randomBytes, randomUUID } from 'node:crypto';
import { isUuid } from '../../uuid.ts';
import type { VerifyContext } from './context.ts';
import { rateLimit } from './limit-check.ts';
import { readPage } from './metrics-page.ts';
import { idOf, SETTINGS } from './probe.ts';
import { type CheckDefinition, must } from './run.ts';
import { type Said, say } from './say.ts';

const STUB_WORDS = 'Stub integrations are disabled in production';

type SmokeCheck = CheckDefinition<VerifyContext>;

export const SMOKE_CHECKS: readonly SmokeCheck[] = [
  { id: 'health_and_version', requirement: 'R15', title: 'Health and version', run: healthAndVersion },
  { id: 'id_made', requirement: 'R5', title: 'A correlation id is made', run: idMade },
  { id: 'id_echoed', requirement: 'R7', title: 'A correlation id is echoed', run: idEchoed },
  { id: 'settings_read', requirement: 'R5', title: 'Settings can be read', run: settingsRead },
  { id: 'settings_write', requirement: 'R9', title: 'Settings can be written and restored', run: settingsWrite },
  { id: 'stub_gate', requirement: 'R6', title: 'Stub integrations are gated', run: stubGate },
  { id: 'rate_limit', requirement: 'R8', title: 'The rate limit holds', run: rateLimit },
  { id: 'breaker_metrics', requirement: 'R16', title: 'Circuit breakers are measured', run: breakerMetrics },
];

async function healthAndVersion({ probe, options }: VerifyContext): Promise<Said> {
  const health = await probe.ask('GET', '/healthz');
  must(health.status === 200 && health.json?.status === 'ok', say`/healthz answered ${health.status}, not 200 "ok".`);
  const { version, commit, started_at: startedAt } = health.json;
  must(typeof version === 'string' && version !== '', say`/healthz names no version.`);
  must(typeof commit === 'string' && commit !== '', say`/healthz names no commit.`);
  must(!Number.isNaN(Date.parse(startedAt)), say`/healthz does not say when the process started.`);
  const ready = await probe.ask('GET', '/readyz');
  must(
    ready.status === 200,
    say`/readyz answered ${ready.status} (${ready.json?.status ?? 'no reason'}): no traffic yet.`,
  );
  const info = await probe.ask('GET', '/api/v1/system/info', { token: options.token });
  must(info.status === 200, say`The token is not accepted: /api/v1/system/info answered ${info.status}.`);
  must(info.json?.version === version, say`/healthz says ${version}, the API says ${String(info.json?.version)}.`);
  must(info.json?.commit === commit, say`/healthz says ${commit}, the API says ${String(info.json?.commit)}.`);
  const { expectVersion, expectCommit } = options;
  must(!expectVersion || version === expectVersion, say`${version} runs, ${expectVersion} was expected.`);
  must(!expectCommit || commit.startsWith(expectCommit), say`Commit ${commit} runs, ${expectCommit} was expected.`);
  return say`AVA ${version} (${commit}), up since ${startedAt}, ready.`;
}

async function idMade({ probe, options }: VerifyContext): Promise<Said> {
  const ids = [
    idOf(await probe.ask('GET', '/healthz')),
    idOf(await probe.ask('GET', SETTINGS, { token: options.token })),
    idOf(await probe.ask('GET', SETTINGS)),
    idOf(await probe.ask('GET', '/api/v1/nothing-is-here', { token: options.token })),
    idOf(await probe.ask('OPTIONS', SETTINGS)),
  ];
  for (const { id, where } of ids) must(isUuid(id), say`${where} has no UUID in X-Correlation-ID, but "${id}".`);
  must(new Set(ids.map(({ id }) => id)).size === ids.length, say`Two answers carry the same correlation id.`);
  return say`A fresh UUID on ${ids.map(({ where }) => where).join(', ')}.`;
}

async function idEchoed({ probe, options }: VerifyContext): Promise<Said> {
  const mine = `verify-${randomBytes(6).toString('hex')}`;
  const headers = { 'X-Correlation-ID': mine };
  const answers = [
    await probe.ask('GET', SETTINGS, { token: options.token, headers }),
    await probe.ask('GET', SETTINGS, { headers }),
    await probe.ask('GET', '/api/v1/nothing-is-here', { headers }),
  ];
  for (const { id, where } of answers.map(idOf)) must(id === mine, say`${where} answers "${id}" instead of "${mine}".`);
  must(answers[1]?.status === 401, say`Without a token ${SETTINGS} answers ${answers[1]?.status}, not 401.`);
  const body = answers[1].json?.correlation_id;
  must(body === mine, say`The error document names "${String(body)}" instead of "${mine}".`);
  const forged = await probe.ask('GET', '/healthz', { headers: { 'X-Correlation-ID': 'no good id!' } });
  must(isUuid(idOf(forged).id), say`An id with characters that are not allowed was not replaced.`);
  return say`"${mine}" came back on 200, 401 and 404; an id that is not allowed was replaced.`;
}

async function settingsRead({ probe, options }: VerifyContext): Promise<Said> {
  const { status, json } = await probe.ask('GET', SETTINGS, { token: options.token });
  must(json?.code !== 'vapi_credentials_rejected', say`Vapi rejected the API key. Update it in Settings → Vapi.`);
  must(json?.code !== 'vapi_not_configured', say`No Vapi API key is configured. Enter it in Settings → Vapi.`);
  must(status === 200, say`${SETTINGS} answered ${status} (${json?.code ?? 'no code'}).`);
  must(Array.isArray(json?.settings), say`The answer has no list of settings.`);
  for (const setting of json.settings as Record<string, unknown>[]) {
    must(
      typeof setting['key'] === 'string' && typeof setting['etag'] === 'string',
      say`A setting lacks its key or ETag.`,
    );
  }
  const stale = json.stale === true ? say`Vapi does not answer; this is the copy of ${json.as_of}.` : [];
  return [...say`${json.settings.length} settings.`, ...stale];
}

async function settingsWrite({ probe, sessions }: VerifyContext): Promise<Said> {
  const { token, isSynthetic } = await sessions.shared();
  const key = `verification_${randomBytes(4).toString('hex')}`;
  const path = `${SETTINGS}/${key}`;
  const value = { check: randomUUID() };
  const put = await probe.ask('PUT', path, { token, body: { value, reason: 'verification' } });
  try {
    must(put.status === 200, say`PUT ${path} answered ${put.status} (${put.json?.code ?? 'no code'}).`);
    must(put.headers.get('etag') !== null, say`The written setting has no ETag.`);
    const read = await probe.ask('GET', path, { token });
    const found = JSON.stringify(read.json?.setting?.value);
    must(found === JSON.stringify(value), say`${JSON.stringify(value)} was written, ${found} was read.`);
    const stale = await probe.ask('PUT', path, { token, body: { value: 1 }, headers: { 'If-Match': '"old"' } });
    must(stale.status === 412, say`A change with an old If-Match answered ${stale.status}, not 412.`);
  } finally {
    const removed = put.status === 200 ? await probe.ask('DELETE', path, { token }) : undefined;
    must(removed === undefined || removed.status === 200, say`The setting ${key} could not be removed again.`);
  }
  const gone = await probe.ask('GET', path, { token });
  must(gone.status === 404, say`The removed setting still answers ${gone.status}.`);
  const list = await probe.ask('GET', SETTINGS, { token });
  must(!list.text.includes(key), say`The removed setting ${key} is still in the list.`);
  const done = say`Written, read back, guarded by If-Match, removed.`;
  return [...done, ...(isSynthetic ? say`In a tenant of its own.` : say`In your tenant.`)];
}

async function stubGate({ probe, options, sessions }: VerifyContext): Promise<Said> {
  const info = await probe.ask('GET', '/api/v1/system/info', { token: options.token });
  const { env, stub_mode: isStub } = (info.json ?? {}) as { env?: string; stub_mode?: boolean };
  const me = await probe.ask('GET', '/api/v1/auth/me', { token: options.token });
  const to = me.json?.user?.email ?? 'operator@example.com';
  const { token } = await sessions.shared();
  const body = { to, subject: 'AVA verification', text: 'Sent by a verification of AVA.' };
  const answer = await probe.ask('POST', '/api/v1/integrations/email/test', { token, body });
  const { status, json } = answer;
  if (status === 200 && json?.stub === true) {
    must(env !== 'production', say`Production answers with stub data: INTEGRATIONS_STUB_MODE is on.`);
    must(isStub === true && json.delivered === false, say`A stub answer came although stub mode is off.`);
    return say`Stub mode is on outside production, and the answer says so.`;
  }
  if (status === 200) return say`A real e-mail provider (${json?.provider}) is configured.`;
  if (env !== 'production') {
    must(status === 409, say`Without a provider the e-mail test answered ${status}, not 409.`);
    return say`No provider outside production: the answer says what to configure.`;
  }
  must(status === 403, say`The e-mail test answered ${status}, not 403.`);
  const words = String(json?.detail ?? '');
  must(words === STUB_WORDS, say`The refusal reads "${words}", not "${STUB_WORDS}".`);
  return say`403, "${STUB_WORDS}".`;
}

const UPSTREAMS = ['vapi', 'twilio', 'email', 'calendar'];
const COUNTERS = [
  'circuit_breaker_opens_total',
  'circuit_breaker_closes_total',
  'circuit_breaker_failures_total',
  'circuit_breaker_rejected_total',
];

async function breakerMetrics(context: VerifyContext): Promise<Said> {
  const metrics = await readPage(context);
  const states: Said[number][] = [];
  for (const upstream of UPSTREAMS) {
    const labels = { upstream, scope: 'upstream' };
    const state = metrics.value('circuit_breaker_state', labels);
    must(
      state === 0 || state === 1 || state === 2,
      say`circuit_breaker_state of ${upstream} is missing or not 0, 1 or 2.`,
    );
    const seconds = metrics.value('circuit_breaker_not_closed_seconds', labels) ?? -1;
    must(state === 0 ? seconds === 0 : seconds >= 0, say`${upstream}: state ${state}, but ${seconds} s not closed.`);
    states.push(...[say`${upstream}: closed.`, say`${upstream}: open.`, say`${upstream}: half-open.`][state]!);
  }
  for (const name of COUNTERS) must(metrics.has(name), say`The metric ${name} is missing.`);
  return states;
}
