/** Fills what is beside the calls as far as it may legally grow in one tenant: the long story of a call, trail, ledger, messages. */
import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { BEGINNING, hashEntry } from '../src/features/audit/chain.ts';

export type Dearest = { callId: string; verificationId: string; webhookId: string };

/** `many`: of everything that grows without end. The owner's `url`. The trail is a chain of `key`. */
export async function fillDearest(url: string, tenantId: string, many: number): Promise<Dearest> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('set synchronous_commit = off');
    const { rows } = await client.query<{ id: string; user_id: string; email: string }>(
      `select c.id, u.id as user_id, u.email from (select id from calls where tenant_id = $1 order by started_at desc limit 1) c,
         (select u.id, u.email from users u join members m on m.user_id = u.id where m.tenant_id = $1 limit 1) u`,
      [tenantId],
    );
    const { id: callId, user_id: userId } = rows[0]!;
    const ids = { callId, verificationId: randomUUID(), webhookId: randomUUID() };
    await client.query(TEXT, [tenantId, callId]);
    await client.query(SUMMARIES, [tenantId]);
    await client.query(EVENTS, [tenantId, STORY]);
    await client.query(READS, [tenantId, userId, many]);
    await client.query(LEDGER, [tenantId, many, ids.webhookId]);
    await client.query(QUARANTINE, [Math.ceil(many / 10)]);
    await client.query(EFFECTS, [tenantId, many]);
    await client.query(USERS, [tenantId, PEOPLE]);
    await client.query(MEMBERS, [tenantId]);
    await client.query(VERSIONS, [tenantId, many]);
    await client.query(RUNS, [tenantId, ids.verificationId, JSON.stringify(CHECKS)]);
    await client.query(ALERTS, [many]);
    await client.query(COMPLETENESS, [tenantId]);
    await client.query('vacuum analyze');
    return ids;
  } finally {
    await client.end();
  }
}

const STORY = 500;
const PEOPLE = 2_000;
const CHECKS = Array.from({ length: 200 }, (_, n) => ({
  ...{
    id: `check-${n}`,
    requirement: 'R7',
    title: `Check ${n}`,
    state: 'passed',
    detail: 'x'.repeat(300),
    duration_ms: 12,
  },
  evidence: Array.from({ length: 3 }, () => ({ request: 'GET /', response: 'x'.repeat(200) })),
}));

/** As much as AVA keeps of one talk. */
const TEXT = `
  update call_texts set transcript = left(t.words, 500000), messages = t.turns, search = to_tsvector('simple', left(t.words, 400000))
  from (select string_agg('User: ' || s.said, E'\\n') as words,
          jsonb_agg(jsonb_build_object('role', 'user', 'text', s.said, 'secondsFromStart', n)) as turns
        from generate_series(1, 2000) n,
          lateral (select 'turn ' || n || ' ' || repeat(substr(md5(n::text), 1, 7) || ' ', 240) as said) s) t
  where tenant_id = $1 and call_id = $2`;

/** The longest there may be, in the whole first page. */
const SUMMARIES = `
  update calls set summary = repeat('The caller asked for an appointment. ', 135)
  where tenant_id = $1 and id in (select id from calls where tenant_id = $1 order by started_at desc limit 201)`;

const EVENTS = `
  insert into call_events (tenant_id, call_id, key, at, source, name, facts, correlation_id)
  select $1, c.id, 'dearest ' || n, now() - make_interval(secs => n), 'vapi', 'status-update:in-progress',
    jsonb_build_object('status', 'in_progress', 'note', repeat('x', 200)), 'dearest'
  from generate_series(1, $2::int) n, (select id from calls where tenant_id = $1 order by started_at desc limit 20) c`;

const READS = `
  insert into call_reads (tenant_id, user_id, call_id)
  select $1, $2, id from calls where tenant_id = $1 order by started_at desc limit $3`;

const LEDGER = `
  insert into webhook_events (tenant_id, id, vendor, type, dedupe_key, state, kept, correlation_id, received_at)
  select $1, case when n = 1 then $3::uuid else gen_random_uuid() end, 'vapi', 'status-update', 'dearest ' || n, 'processed',
    case when n = 1 then jsonb_build_object('name', 'x', 'message', repeat('x', 200000)) else '{}' end,
    case when n < 2000 then 'dearest' else 'bench' end, now() - make_interval(secs => n)
  from generate_series(1, $2::int) n`;

const QUARANTINE = `
  insert into webhook_quarantine (vendor, type, dedupe_key, reason, kept, correlation_id, received_at)
  select 'vapi', 'status-update', 'dearest ' || n, 'unknown_tenant', '{}', 'bench', now() - make_interval(secs => n)
  from generate_series(1, $1::int) n`;

const EFFECTS = `
  insert into effects (tenant_id, key, kind, state, outcome, correlation_id, created_at)
  select $1, 'email:call:' || gen_random_uuid() || ':' || n || '@example.test', 'email', 'done', '{"messageId": "m"}',
    case when n < 2000 then 'dearest' else 'bench' end, now() - make_interval(secs => n)
  from generate_series(1, $2::int) n`;

const USERS = `
  with made as (insert into users (email, password_hash) select 'dearest' || n || '@example.test', 'none'
    from generate_series(1, $2::int) n returning id)
  insert into members (tenant_id, user_id, role) select $1, id, 'viewer' from made`;

/** The one who asks is a member of very many tenants. */
const MEMBERS = `
  insert into members (tenant_id, user_id, role)
  select t.id, m.user_id, 'viewer' from tenants t,
    (select user_id from members where tenant_id = $1 order by created_at limit 1) m
  where t.id <> $1 order by t.id limit 1000 on conflict do nothing`;

const VERSIONS = `
  insert into setting_versions (tenant_id, vapi_assistant_id, key, version, action, before, after, author, correlation_id, checked, created_at)
  select $1, a.vapi_assistant_id, 'system_prompt', 1000 + n, 'set', to_jsonb(repeat('a', 4000)), to_jsonb(repeat('b', 4000)),
    'bench', case when n < 2000 then 'dearest' else 'bench' end, true, now() - make_interval(secs => n)
  from generate_series(1, least($2::int, 20000)) n,
    (select coalesce((select vapi_assistant_id from assistants where tenant_id = $1 and is_default limit 1),
       '11111111-1111-4111-8111-111111111111') as vapi_assistant_id) a`;

const RUNS = `
  insert into verification_runs (id, tenant_id, kind, target, outcome, passed, failed, skipped, checks, author, started_at, finished_at)
  select case when n = 1 then $2::uuid else gen_random_uuid() end, $1, 'full', 'https://ava.example.test', 'passed', 200, 0, 0, $3::jsonb,
    'bench', now(), now() from generate_series(1, 300) n`;

const ALERTS = `
  insert into alerts (rule, resource, severity, summary, state, value, started_at, fired_at, resolved_at)
  select 'breaker-open', 'vapi ' || n, 'critical', 'The circuit is open', 'resolved', 1, t.at, t.at, t.at
  from generate_series(1, $1::int) n, lateral (select now() - make_interval(secs => n) as at) t`;

const COMPLETENESS = `
  insert into call_completeness (tenant_id, day, vendor, vendor_calls, ledger_calls, recovered, missing, checked_at)
  select $1, now()::date - n, v, 1000, 1000, 0, 0, now() from generate_series(0, 364) n, (values ('vapi'), ('twilio')) v (v)`;

/** A trail as AVA writes it, entry by entry, but in few statements. */
export async function fillTrail(url: string, tenantId: string, { key, many }: { key: Buffer; many: number }) {
  const client = new Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ sequence: string; hash: Buffer }>(
    'select sequence, hash from audit_heads where tenant_id = $1',
    [tenantId],
  );
  let [sequence, hash] = [Number(rows[0]?.sequence ?? 0), rows[0]?.hash ?? BEGINNING];
  for (let left = many; left > 0; left -= STEP) {
    const entries = Array.from({ length: Math.min(STEP, left) }, () => {
      const at = new Date().toISOString().replace('Z', '000Z');
      const entry = {
        ...{
          tenantId,
          sequence: (sequence += 1),
          at,
          actor: 'bench',
          action: 'setting.changed',
          subject: 'system_prompt',
        },
        ...{
          correlationId: sequence < 2_000 ? 'dearest' : 'bench',
          details: { before: 'a'.repeat(100), after: 'b'.repeat(100) },
        },
      };
      const made = { ...entry, previous: hash.toString('hex') };
      hash = hashEntry(key, hash, entry);
      return { ...made, hash: hash.toString('hex') };
    });
    await client.query(ENTRIES, [tenantId, JSON.stringify(entries)]);
  }
  await client.query(
    `insert into audit_heads (tenant_id, sequence, hash) values ($1, $2, $3)
     on conflict (tenant_id) do update set sequence = excluded.sequence, hash = excluded.hash`,
    [tenantId, sequence, hash],
  );
  await client.query('vacuum analyze audit_entries');
  await client.end();
}

const STEP = 5_000;
const ENTRIES = `
  insert into audit_entries (tenant_id, sequence, at, actor, action, subject, correlation_id, details, previous_hash, hash)
  select $1, e.sequence, e.at, e.actor, e.action, e.subject, e."correlationId", e.details, decode(e.previous, 'hex'), decode(e.hash, 'hex')
  from jsonb_to_recordset($2::jsonb) as e(sequence bigint, at timestamptz, actor text, action text, subject text, "correlationId" text,
    details jsonb, previous text, hash text)`;
