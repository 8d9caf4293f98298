/** Makes the partitions of the months to come, with the rights of the owner, and lets old ones go; says when they are not made. */
import { type Kysely, sql } from 'kysely';
import { Client } from 'pg';
import type { Clock } from '../clock.ts';
import { dropOldMonths } from './month-retention.ts';
import { makeMonthsAhead, MONTHLY_TABLES, partitionOf } from './months.ts';
import { clientSettings } from './pool.ts';

/** Looks for the first time after this, so that a start does not wait for it, and then daily. */
const FIRST_LOOK_MS = 60_000;
const LOOK_MS = 86_400_000;
/** Whoever uses the table waits behind a lock that is waited for. */
const LOCK_TIMEOUT_MS = 500;

type KeeperLog = Record<'info' | 'warn', (fields: object, message: string) => void>;

export type MonthKeeperOptions = {
  url: string;
  clock: Clock;
  log: KeeperLog;
  /** So many months of the ledger stay beside the current one; all where it is left out. */
  ledgerMonthsKept?: number | undefined;
};

/** Looks daily, whether there are enough months ahead, until the answer is called. `url` is the owner's. */
export function keepMonthsAhead({ url, clock, log, ledgerMonthsKept }: MonthKeeperOptions): () => void {
  let cancel = () => {};
  const wait = (ms: number) => {
    cancel = clock.setTimer(ms, () => {
      wait(LOOK_MS);
      withOwner(url, (client) => makeAhead(client, log)).catch((error: unknown) =>
        log.warn({ err: error }, 'The months ahead could not be made; it is tried again tomorrow'),
      );
      if (ledgerMonthsKept === undefined) return;
      withOwner(url, (client) => letOldGo(client, log, ledgerMonthsKept)).catch((error: unknown) =>
        log.warn({ err: error }, 'The old months of the ledger are still there; it is tried again tomorrow'),
      );
    });
  };
  wait(FIRST_LOOK_MS);
  return () => cancel();
}

async function makeAhead(client: Client, log: KeeperLog): Promise<void> {
  const made = await makeAllMonthsAhead(client);
  if (made.length > 0) log.info({ made }, 'Made the partitions of the months to come');
}

async function letOldGo(client: Client, log: KeeperLog, monthsKept: number): Promise<void> {
  const { dropped, kept } = await dropOldMonths(client, monthsKept);
  if (dropped.length > 0) log.info({ dropped }, 'Dropped old months of the ledger');
  if (kept.length > 0) log.warn({ kept }, 'Old months of the ledger stay: webhooks in them are not processed');
}

async function withOwner(url: string, work: (client: Client) => Promise<void>): Promise<void> {
  const settings = { url, applicationName: 'ava-months', role: undefined };
  const client = new Client(clientSettings({ ...settings, statementTimeoutMs: 30_000, connectTimeoutMs: 5_000 }));
  client.on('error', () => {});
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

/** Resolves to the partitions that were missing. Replicas that look at the same moment take turns. */
export async function makeAllMonthsAhead(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'p'
     and relname = any($1) order by 1`,
    [MONTHLY_TABLES],
  );
  const made: string[] = [];
  for (const { name } of rows) made.push(...(await makeMonthsOf(client, name)));
  return made;
}

async function makeMonthsOf(client: Client, table: string): Promise<string[]> {
  await client.query('begin');
  try {
    await client.query(`set local lock_timeout = ${LOCK_TIMEOUT_MS}`);
    await client.query(`select pg_advisory_xact_lock(hashtext('ava-months'))`);
    // The database's time, as in the ids.
    const now = (await client.query<{ now: Date }>('select now()')).rows[0]!.now;
    const months = await makeMonthsAhead((text) => client.query(text), table, now);
    await client.query('commit');
    return months.map((month) => partitionOf(table, month));
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw error;
  }
}

/** How many tables have no partition for the next month yet. Works as the serving role. */
export async function countMonthsMissing<T>(db: Kysely<T>): Promise<number> {
  const { rows } = await sql<{ missing: number }>`select count(*)::int as missing from pg_class p
    where p.relnamespace = 'public'::regnamespace and p.relkind = 'p' and p.relname = any(${[...MONTHLY_TABLES]}::text[])
      and to_regclass('public.' || p.relname || to_char(now() at time zone 'UTC' + interval '1 month', '_YYYY_MM')) is null`.execute(
    db,
  );
  return rows[0]?.missing ?? 0;
}
