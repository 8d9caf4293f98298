import { type Kysely, sql } from 'kysely';

/** A search in what was said that takes the other filters along and stays fast in a tenant of very many calls. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const SIGNATURE = 'find_calls(text, jsonb, timestamptz, uuid, integer)';
/** So many of the newest calls are looked at one by one, before the index of words is asked. */
const NEWEST = 2_000;

const IS_WANTED = `c.tenant_id = own
  and (f.status is null or c.status = f.status)
  and (f.direction is null or c.direction = f.direction)
  and (f.outcome is null or c.outcome = f.outcome)
  and (f.assistant_id is null or c.assistant_id = f.assistant_id)
  and (f.phone_number is null or c.from_number = f.phone_number or c.to_number = f.phone_number)
  and (f.from_time is null or c.started_at >= f.from_time)
  and (f.to_time is null or c.started_at < f.to_time)
  and (f.unread_by is null or not exists
    (select 1 from call_reads r where r.tenant_id = own and r.user_id = f.unread_by and r.call_id = c.id))`;

// A word that many calls hold is soon found among the newest; the index of words would name them all. What is not found
// there is rare, and the index names few. Text search is not leakproof, so under row-level security that index would
// never be used: the tenant is checked here.
/** `holdsWords`: what is asked of a text `x`, in words that an index of words has. */
export const findCalls = (
  holdsWords: string,
) => `create or replace function find_calls(wanted text, filters jsonb, before_time timestamptz, before_id uuid, most integer)
  returns setof uuid language plpgsql stable security definer
  set search_path = public, pg_temp as $body$
  declare
    own constant uuid := nullif(current_setting('app.tenant', true), '')::uuid;
    words constant tsquery := websearch_to_tsquery('simple', wanted);
    f record;
    newest uuid[];
    edge timestamptz;
    found_so_far integer;
  begin
    -- Each word is as frequent as it is: one plan for all of them would be wrong for most.
    perform set_config('plan_cache_mode', 'force_custom_plan', true);
    select * into f from jsonb_to_record(filters) as r(status text, direction text, outcome text, assistant_id text,
      phone_number text, from_time timestamptz, to_time timestamptz, unread_by uuid);
    select array_agg(n.id order by n.started_at desc, n.id desc), min(n.started_at) into newest, edge
      from (select c.id, c.started_at from calls c where ${IS_WANTED}
            and (before_time is null or (c.started_at, c.id) < (before_time, before_id))
            order by c.started_at desc, c.id desc limit ${NEWEST}) n;
    return query select n.id from unnest(newest) with ordinality as n(id, place)
      join call_texts x on x.tenant_id = own and x.call_id = n.id
      where x.search @@ words order by n.place limit most;
    get diagnostics found_so_far = row_count;
    if found_so_far >= most or coalesce(cardinality(newest), 0) < ${NEWEST} then return; end if;
    return query with hits as materialized (select x.call_id from call_texts x where x.tenant_id = own and ${holdsWords})
      select c.id from hits join calls c on c.id = hits.call_id
      where ${IS_WANTED} and (c.started_at, c.id) < (edge, newest[${NEWEST}])
      order by c.started_at desc, c.id desc limit most - found_so_far;
  end $body$`;

const STATEMENTS = [
  findCalls('x.search @@ words'),
  'grant create on schema public to ava_directory',
  `alter function ${SIGNATURE} owner to ava_directory`,
  'revoke create on schema public from ava_directory',
  `revoke all on function ${SIGNATURE} from public`,
  `grant execute on function ${SIGNATURE} to ava_app`,
];
