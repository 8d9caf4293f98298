/** What operators may do, granted: circuits, alerts, the ledger, releases, calendars. */
import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import type { Telephone } from '../harness/telephone.ts';
import { API, type GoodRequests, post } from './good.ts';

export function operations(telephone: Telephone): GoodRequests {
  const circuit = (what: string) => `${API}/ops/circuit-breakers/vapi/${what}`;
  const close = () => post(telephone, '/ops/circuit-breakers/vapi/close', { reason: 'over' });
  const silence = async () => {
    const { rules } = await telephone.json('/ops/alerts/rules');
    return { rule: rules[0].id as string, reason: 'known', minutes: 5 };
  };
  const ledger = async () => (await telephone.json('/ops/webhooks?limit=1')).webhooks[0].id as string;
  return {
    [`POST ${circuit('isolate').replace('/vapi/', '/{circuit}/')}`]: () => ({
      path: circuit('isolate'),
      body: { reason: 'a planned change', minutes: 1 },
      undo: close,
    }),
    [`POST ${circuit('close').replace('/vapi/', '/{circuit}/')}`]: () => ({
      path: circuit('close'),
      body: { reason: 'it is back' },
    }),
    [`POST ${API}/integrations/email/test`]: () => ({
      path: `${API}/integrations/email/test`,
      body: { to: 'ann@example.test', subject: 'A test', text: 'It works.' },
    }),
    [`POST ${API}/ops/alerts/{id}/acknowledge`]: async () => ({
      path: `${API}/ops/alerts/${await firingAlert(telephone)}/acknowledge`,
    }),
    [`POST ${API}/ops/alerts/test`]: () => ({ path: `${API}/ops/alerts/test`, body: { channel: 'slack' } }),
    [`POST ${API}/ops/alerts/silences`]: async () => ({ path: `${API}/ops/alerts/silences`, body: await silence() }),
    [`DELETE ${API}/ops/alerts/silences/{id}`]: async () => {
      const made = await post(telephone, '/ops/alerts/silences', await silence());
      return { path: `${API}/ops/alerts/silences/${made.silence.id}` };
    },
    [`GET ${API}/ops/webhooks/{id}`]: async () => ({ path: `${API}/ops/webhooks/${await ledger()}` }),
    [`POST ${API}/ops/webhooks/{id}/replay`]: async () => ({ path: `${API}/ops/webhooks/${await ledger()}/replay` }),
  };
}

/** As the rules write it down when something has been wrong for long enough. */
async function firingAlert(telephone: Telephone): Promise<string> {
  const database = new Client({ connectionString: telephone.ava.databaseUrl });
  await database.connect();
  const { rows } = await database.query<{ id: string }>(
    `insert into alerts (rule, resource, severity, summary, state, started_at, fired_at)
     values ('webhooks_dead', $1, 'warning', 'Webhooks were given up', 'firing', now(), now()) returning id`,
    [randomUUID()],
  );
  await database.end();
  return rows[0]!.id;
}

export function releases(telephone: Telephone): GoodRequests {
  const now = new Date().toISOString();
  const check = { id: 'a', requirement: null, title: 'A check', state: 'passed', detail: '', duration_ms: 1 };
  const run = {
    kind: 'smoke',
    target: telephone.ava.url,
    version: null,
    commit: null,
    started_at: now,
    finished_at: now,
    checks: [{ ...check, evidence: [] }],
  };
  const release = { version: '1.2.3', target: 'systemd', state: 'running', started_at: now };
  const progress = { replicas: [], events: [] };
  const held = async () => {
    const holder = randomUUID();
    const made = await post(telephone, '/ops/releases', { ...release, holder });
    return { path: `${API}/ops/releases/${made.release.id}`, holder };
  };
  return {
    [`POST ${API}/ops/verifications`]: () => ({ path: `${API}/ops/verifications`, body: run }),
    [`GET ${API}/ops/verifications/{id}`]: async () => {
      const { verification } = await post(telephone, '/ops/verifications', run);
      return { path: `${API}/ops/verifications/${verification.id}` };
    },
    [`POST ${API}/ops/releases`]: () => ({ path: `${API}/ops/releases`, body: release }),
    [`GET ${API}/ops/releases/{id}`]: async () => {
      const { release: made } = await post(telephone, '/ops/releases', { ...release, state: 'succeeded' });
      return { path: `${API}/ops/releases/${made.id}` };
    },
    [`PUT ${API}/ops/releases/{id}`]: async () => {
      const { path, holder } = await held();
      return { path, body: { holder, state: 'succeeded', progress, finished_at: now } };
    },
    [`DELETE ${API}/ops/verification/session/{tenant_id}`]: async () => {
      const session = await post(telephone, '/ops/verification/session');
      return { path: `${API}/ops/verification/session/${session.tenant_id}` };
    },
  };
}

export function calendars(telephone: Telephone): GoodRequests {
  const events = `${API}/integrations/calendar/google/events`;
  const name = events.replace('google', '{provider}');
  const google = (rest: string) => () => ({ path: `${API}/integrations/calendar/google/${rest}` });
  const hour = (from: number) => new Date(Date.now() + 30 * 86_400_000 + from * 3_600_000).toISOString();
  return {
    [`GET ${API}/integrations/calendar/{provider}/callback`]: google('callback'),
    [`POST ${API}/integrations/calendar/{provider}/connect`]: google('connect'),
    [`DELETE ${API}/integrations/calendar/{provider}/connection`]: google('connection'),
    [`GET ${name}`]: async () => {
      await connectGoogle(telephone);
      return { path: `${events}?from=${hour(0)}&to=${hour(24)}` };
    },
    [`POST ${name}`]: async () => {
      await connectGoogle(telephone);
      return { path: events, body: { title: 'Check-up', start: hour(2), end: hour(3), location: 'Room 2' } };
    },
  };
}

/** Walks the consent at the simulated Google, as a browser does. */
async function connectGoogle(telephone: Telephone): Promise<void> {
  const begun = await telephone.owner.fetch(`${API}/integrations/calendar/google/connect`, { method: 'POST' });
  const { authorize_url: page } = (await begun.json()) as { authorize_url: string };
  const [cookie = ''] = (begun.headers.get('set-cookie') ?? '').split(';');
  const there = await fetch(page, { redirect: 'manual' });
  await fetch(there.headers.get('location') ?? '', { headers: { cookie }, redirect: 'manual' });
}
