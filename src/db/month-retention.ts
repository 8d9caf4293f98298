/** Lets the oldest months of the webhook ledger go, each as a whole, where the installation says so. */
import type { Client } from 'pg';
import { listMonths, lowestIdOf, monthOf, partitionOf, type Run } from './months.ts';

const LEDGER = 'webhook_events';
/** So many keys at once, so that no webhook waits for them. */
const STEP = 10_000;
const LOCK_TIMEOUT_MS = 500;

/** The partitions that went, and those that stay since something in them is not processed. */
export type LetGo = { dropped: string[]; kept: string[] };

/**
 * Drops the months that ended more than `monthsKept` months ago. As the owner of the tables, outside of a transaction.
 * Throws where others hold the ledger for half a second; whoever comes again goes on.
 */
export async function dropOldMonths(client: Client, monthsKept: number): Promise<LetGo> {
  const now = (await client.query<{ now: Date }>('select now()')).rows[0]!.now;
  const months = await listMonths((text) => client.query(text), LEDGER);
  const result: LetGo = { dropped: [], kept: [] };
  for (const month of months.filter((one) => one < monthOf(now) - monthsKept)) {
    const isGone = await dropMonth(client, month);
    result[isGone ? 'dropped' : 'kept'].push(partitionOf(LEDGER, month));
  }
  return result;
}

/** First what its repeats are known by, in small steps; then, if still nothing in it waits, the month. */
async function dropMonth(client: Client, month: number): Promise<boolean> {
  const isFree = await inTransaction(client, async (run) => !(await holdsUnprocessed(run, month)));
  if (!isFree) return false;
  for (let after: string | undefined = lowestIdOf(month); after !== undefined;) {
    const from: string = after;
    after = await inTransaction(client, (run) => forgetKeys(run, from, month));
  }
  return await inTransaction(client, async (run) => {
    // The table first, as everybody does; by then all who had begun are done.
    await run(`lock table only ${LEDGER} in access exclusive mode`);
    if (await holdsUnprocessed(run, month)) return false;
    await run(`drop table ${partitionOf(LEDGER, month)}`);
    return true;
  });
}

async function holdsUnprocessed(run: Run, month: number): Promise<boolean> {
  await run('set local role ava_directory');
  const { rows } = await run(`select from webhook_due where ${isOf(month)('event_id')} limit 1`);
  await run('set local role none');
  return rows.length > 0;
}

/** Resolves to the id to go on from; undefined when all are forgotten. */
async function forgetKeys(run: Run, from: string, month: number): Promise<string | undefined> {
  await run('set local role ava_directory');
  const { rows } = await run(`
    with step as materialized (
      select tenant_id, id, message_key(dedupe_key) as key from ${LEDGER}
      where id >= '${from}' and ${isOf(month)('id')} order by id limit ${STEP}
    ), forgotten as (
      delete from webhook_keys k using step s where k.tenant_id = s.tenant_id and k.key = s.key and k.event_id = s.id
    )
    select max(id::text) as last, count(*)::int as found from step`);
  const [step] = rows as { last: string; found: number }[];
  return step?.found === STEP ? step.last : undefined;
}

const isOf = (month: number) => (id: string) =>
  `${id} >= '${lowestIdOf(month)}' and ${id} < '${lowestIdOf(month + 1)}'`;

async function inTransaction<T>(client: Client, work: (run: Run) => Promise<T>): Promise<T> {
  await client.query('begin');
  try {
    await client.query(`set local lock_timeout = ${LOCK_TIMEOUT_MS}`);
    await client.query(`select pg_advisory_xact_lock(hashtext('ava-months'))`);
    const done = await work((text) => client.query(text));
    await client.query('commit');
    return done;
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw error;
  }
}
