/** Fills the tables of calls with invented ones, half of them in one tenant, by statements of the database alone. */
import { Client } from 'pg';
import { makeMonths, monthOf } from '../src/db/months.ts';
import { indexes } from '../src/db/migrations/0018-search-of-one-tenant.ts';

export type Filled = { calls: number; seconds: number; bytes: Record<string, number> };

const OTHERS = 1_000;
const DAYS = 365;
/** At once, so that the server's log of changes does not grow without end. */
const STEP = 100_000;

/** `tenantId` gets every second call. The owner's `url`; the indexes of the texts are built at the end, as a restore does. */
export async function fillCalls(url: string, { tenantId, calls }: { tenantId: string; calls: number }) {
  const client = new Client({ connectionString: url });
  await client.connect();
  const startedMs = performance.now();
  try {
    await client.query('set synchronous_commit = off; set maintenance_work_mem = 262144; select setseed(0.5)');
    await client.query(`insert into tenants (name) select 'Tenant ' || n from generate_series(1, ${OTHERS}) n`);
    const thisMonth = monthOf(new Date());
    await client.query('begin');
    await makeMonths(
      (text) => client.query(text),
      'calls',
      Array.from({ length: 13 }, (_, ago) => thisMonth - ago),
    );
    await client.query('commit');
    await client.query('drop index call_texts_words');
    for (let from = 0; from < calls; from += STEP)
      await client.query(CALLS, [tenantId, from, Math.min(from + STEP, calls) - 1]);
    await client.query(PHRASES);
    await client.query(TEXTS, [tenantId]);
    await client.query(`create index call_texts_words ${indexes.call_texts_words}`);
    await client.query(DAYS_OF_CALLS);
    for (const table of ['calls', 'call_texts', 'call_days']) await client.query(`vacuum analyze ${table}`);
    return { calls, seconds: (performance.now() - startedMs) / 1000, bytes: await sizes(client) };
  } finally {
    await client.end();
  }
}

/** A word of every call, of 60 %, of some thousand in a million, of 2.5 % (none of them the first tenant's), and of none. */
export const WORDS = { all: 'hello', most: 'appointment', few: 'w9990', others: 'zebra', none: 'nowhere' };

const CALLS = `
  with others as (select array_agg(id order by id) as ids from tenants where id <> $1),
  n as (select n, random() as a, random() as b, random() as c, random() as d
        from generate_series($2::int, $3::int) n)
  insert into calls (id, tenant_id, vapi_call_id, direction, status, outcome, from_number, to_number, customer_name, assistant_id,
    started_at, answered_at, ended_at, duration_seconds, cost_usd, ended_reason, ended_code, summary, has_transcript)
  select monthly_id(t.started_at), case when n % 2 = 0 then $1 else others.ids[1 + (n / 2) % ${OTHERS}] end, md5(n::text)::uuid::text,
    case when a < 0.8 then 'inbound' else 'outbound' end, case when b < 0.999 then 'ended' else 'in_progress' end,
    case when c < 0.75 then 'ai' when c < 0.9 then 'person' when c < 0.97 then 'voicemail' when c < 0.999 then 'nobody' else 'failed' end,
    '+49' || (1000000 + floor(a * a * 50000))::text, '+4930' || (100 + floor(d * 20))::text, 'Caller ' || n,
    '00000000-0000-4000-8000-' || lpad(floor(d * 12)::text, 12, '0'), t.started_at, t.started_at + interval '2 s',
    t.started_at + make_interval(secs => 60 + floor(b * 300)), 60 + floor(b * 300), round((b * 2)::numeric, 4),
    'customer-ended-call', 'caller_hung_up', 'The caller asked for an appointment and got one on day ' || floor(d * 30), true
  from n, others,
    lateral (select date_trunc('milliseconds', now() - make_interval(secs => n.d * ${DAYS * 86_400})) as started_at) t`;

/** What is said is put together from these: to invent every word anew would be most of the work. */
const PHRASES = `
  create temp table phrases as select p, words, to_tsvector('simple', words) as search
  from generate_series(0, 1999) p,
    lateral (select string_agg('w' || floor(power(random(), 3) * 10000)::int, ' ') as words
             from generate_series(1, 20) where p is not null) t`;

const TEXTS = `
  insert into call_texts (tenant_id, call_id, transcript, messages, search)
  select c.tenant_id, c.id, t.opening || a.words || ' ' || b.words, '[]',
    to_tsvector('simple', t.opening) || a.search || b.search
  from calls c, lateral (select floor(random() * 2000)::int as a, floor(random() * 2000)::int as b,
      'hello ' || case when random() < 0.6 then 'appointment ' else '' end
      || case when c.to_number = '+4930100' and c.tenant_id <> $1 then 'zebra ' else '' end as opening
      where c.id is not null) t
    join phrases a on a.p = t.a join phrases b on b.p = t.b`;

const DAYS_OF_CALLS = `
  insert into call_days (tenant_id, day, calls, inbound, by_ai, by_person, voicemail, nobody, failed, seconds, cost_usd)
  select tenant_id, started_at::date, count(*), count(*) filter (where direction = 'inbound'),
    count(*) filter (where outcome = 'ai'), count(*) filter (where outcome = 'person'),
    count(*) filter (where outcome = 'voicemail'), count(*) filter (where outcome = 'nobody'),
    count(*) filter (where outcome = 'failed'), sum(duration_seconds), sum(cost_usd)
  from calls group by 1, 2`;

async function sizes(client: Client): Promise<Record<string, number>> {
  const { rows } = await client.query<{ name: string; bytes: number }>(
    `select name, (select sum(pg_total_relation_size(oid))::float8 from pg_class
       where oid = name::regclass or oid in (select relid from pg_partition_tree(name::regclass))) as bytes
     from unnest('{calls,call_texts}'::text[]) name`,
  );
  return Object.fromEntries(rows.map(({ name, bytes }) => [name, bytes]));
}
