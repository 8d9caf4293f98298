import { type Kysely, sql } from 'kysely';
import { createDirectoryFunction } from '../directory.ts';
import { findCalls } from './0015-call-search.ts';

/**
 * The index of words knows tenants, so that a word that is frequent with others costs a tenant nothing; and a page of
 * calls is looked for with a limit on the work.
 */
export const indexes = {
  call_texts_words: 'on call_texts using gin ((search || array_to_tsvector(array[tenant_id::text])))',
};

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(`create index if not exists call_texts_words ${indexes.call_texts_words}`).execute(db);
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  await createDirectoryFunction(db, SEARCH_CALLS);
}

/** So many of the newest calls are looked at one by one before the index of words is asked whether it knows better. */
const NEWEST = 500;
/** So many at most, in one page. */
const MOST_LOOKED_AT = 2_500;
/** A search that the index finds more often than this is found sooner by going from call to call. */
const MOST_FOUND = 4_000;
/** Words that may stand for each other are merged by the index from all their lists: with more than these it is not asked. */
const MOST_CHOICES = 8;

/** Fewer than these among the newest say nothing about the rest. */
const FEW = 8;

const SIGNATURE = 'page_of_calls(text, jsonb, timestamptz, uuid, integer)';

const IS_WANTED = `c.tenant_id = own
  and (f.status is null or c.status = f.status)
  and (f.direction is null or c.direction = f.direction)
  and (f.outcome is null or c.outcome = f.outcome)
  and (f.assistant_id is null or c.assistant_id = f.assistant_id)
  and (f.from_time is null or c.started_at >= f.from_time)
  and (f.to_time is null or c.started_at < f.to_time)
  and (edge_time is null or (c.started_at, c.id) < (edge_time, edge_id))`;

const NEWEST_FIRST = 'order by c.started_at desc, c.id desc limit share';

// Scalar: they are asked for one call after the other, whatever the planner thinks of a set of all of them.
const TEXT = 'from call_texts x where x.tenant_id = own and x.call_id = c.id';
const LIKENESS = `case when words is null then 2 else
  (select case when x.search @@ words then 2 when x.search @@ loose then 1 else 0 end ${TEXT}) end`;
const IS_UNREAD = `(f.unread_by is null or (select true from call_reads r
  where r.tenant_id = own and r.user_id = f.unread_by and r.call_id = c.id) is null)`;

/** Each side of the line has an index of its own. */
const CANDIDATES = `select c.id, c.started_at from (
    (select c.id, c.started_at from calls c where ${IS_WANTED} and f.phone_number is null ${NEWEST_FIRST})
    union all
    (select c.id, c.started_at from calls c where ${IS_WANTED} and c.from_number = f.phone_number ${NEWEST_FIRST})
    union all
    (select c.id, c.started_at from calls c where ${IS_WANTED} and c.to_number = f.phone_number
      and c.from_number is distinct from f.phone_number ${NEWEST_FIRST})) c ${NEWEST_FIRST}`;

/** As the index has it. */
const MARKED = '(x.search || array_to_tsvector(array[x.tenant_id::text]))';

// Text search is not leakproof, so under row-level security the index of words would never be used: the tenant is
// checked here. What is frequent is soon met by going from call to call, newest first; what is rare the index names. What
// is frequent and yet not met, since another filter keeps it away, ends the page early: its last row, no hit, tells how
// far it looked.
const PAGE_OF_CALLS = `create function page_of_calls(wanted text, filters jsonb, before_time timestamptz, before_id uuid, most integer)
  returns table (call_id uuid, started_at timestamptz, is_hit boolean)
  language plpgsql volatile security definer rows 100
  set search_path = public, pg_temp
  set plan_cache_mode = force_custom_plan
  set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off set max_parallel_workers_per_gather = 0
  set work_mem = '16MB' set jit = off
  as $body$
  #variable_conflict use_column
  declare
    own constant uuid := nullif(current_setting('app.tenant', true), '')::uuid;
    words constant tsquery := websearch_to_tsquery('simple', wanted);
    needed constant text := regexp_replace(querytree(words), ' <(-|[0-9]+)> ', ' & ', 'g');
    f record;
    r record;
    -- What a text must hold to be worth a look: phrases as their words, and nothing of what it must not hold.
    loose constant tsquery := case when needed not in ('', 'T') and cardinality(string_to_array(needed, ' | ')) <= ${MOST_CHOICES}
      then needed::tsquery end;
    alike integer := 0;
    plan jsonb;
    share integer;
    looked integer;
    hits integer := 0;
    named uuid[];
    edge_time timestamptz := before_time;
    edge_id uuid := before_id;
  begin
    if wanted is not null and numnode(words) = 0 then return; end if;
    select * into f from jsonb_to_record(filters) as j(status text, direction text, outcome text, assistant_id text,
      phone_number text, from_time timestamptz, to_time timestamptz, unread_by uuid);
    foreach share in array array[${NEWEST}, ${MOST_LOOKED_AT - NEWEST}] loop
      looked := 0;
      for r in select c.id, c.started_at, ${IS_UNREAD} as is_unread, ${LIKENESS} as likeness from (${CANDIDATES}) c loop
        looked := looked + 1;
        edge_time := r.started_at;
        edge_id := r.id;
        if r.likeness > 0 then alike := alike + 1; end if;
        if r.likeness = 2 and r.is_unread then
          call_id := r.id;
          started_at := r.started_at;
          is_hit := true;
          return next;
          hits := hits + 1;
          if hits = most then return; end if;
        end if;
      end loop;
      if looked < share then return; end if;
      continue when loose is null or share <> ${NEWEST} or hits * ${MOST_LOOKED_AT / NEWEST} >= most;
      if alike > ${FEW} then
        execute format('explain (format json) select from calls where tenant_id = %L', own) into plan;
        continue when (plan -> 0 -> 'Plan' ->> 'Plan Rows')::float8 * alike / ${NEWEST} > ${2 * MOST_FOUND};
      end if;
      select array_agg(n.call_id) into named from (select x.call_id from call_texts x
        where x.tenant_id::text = own::text and ${MARKED} @@ (quote_literal(own::text)::tsquery && loose) limit ${MOST_FOUND + 1}) n;
      continue when cardinality(named) > ${MOST_FOUND};
      return query select c.id, c.started_at, true from unnest(named) n(id) join calls c on c.id = n.id
        where ${IS_WANTED} and (f.phone_number is null or c.from_number = f.phone_number or c.to_number = f.phone_number)
          and ${IS_UNREAD} and (loose = words or (select x.search @@ words ${TEXT}))
        order by c.started_at desc, c.id desc limit most - hits;
      return;
    end loop;
    return query select edge_id, edge_time, false;
  end $body$`;

const HOLDS_WORDS = `${MARKED} @@ (quote_literal(own::text)::tsquery && words)`;

/** What versions before this one ask; the index they were made for gives way to the one that knows tenants. */
const SEARCH_CALLS = {
  name: 'search_calls',
  parameters: 'wanted text, before_time timestamptz, before_id uuid, most integer',
  returns: 'setof uuid',
  body: `select c.id from cast(nullif(current_setting('app.tenant', true), '') as uuid) own,
      websearch_to_tsquery('simple', wanted) words,
      call_texts x join calls c on c.tenant_id = x.tenant_id and c.id = x.call_id
    where x.tenant_id = own and ${HOLDS_WORDS} and (before_time is null or (c.started_at, c.id) < (before_time, before_id))
    order by c.started_at desc, c.id desc limit most`,
};

const STATEMENTS = [
  findCalls(HOLDS_WORDS),
  'drop index if exists call_texts_search',
  PAGE_OF_CALLS,
  'grant create on schema public to ava_directory',
  `alter function ${SIGNATURE} owner to ava_directory`,
  'revoke create on schema public from ava_directory',
  `revoke all on function ${SIGNATURE} from public`,
  `grant execute on function ${SIGNATURE} to ava_app`,
];
