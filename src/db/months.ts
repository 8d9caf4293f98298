/**
 * Tables that keep a partition for each month. The month is in the id (`monthly_id` of the database): a look-up or a
 * change by id asks one partition, and nothing has to carry a time. What has an id of another kind is in the partition
 * `…_before`; what is of a month that has no partition is in `…_other`.
 */
import { randomUUID } from 'node:crypto';

/** Runs one statement as the owner of the tables. */
export type Run = (text: string) => Promise<{ rows: unknown[] }>;

/** LIST: what is kept by month. */
export const MONTHLY_TABLES = ['webhook_events', 'calls'] as const;

/** So many months after the current one have their partition already. */
export const MONTHS_AHEAD = 3;

const LAST_MONTH = 0xffff;
const SLOT_MS = 1_024_000;

/** Below it are the ids from before there were months, and those that a version makes which knows none. */
export const FIRST_MONTHLY_ID = lowestIdOf(0);

/** Months since January 1970, in UTC. */
export function monthOf(at: Date): number {
  return (at.getUTCFullYear() - 1970) * 12 + at.getUTCMonth();
}

/** When a month begins, in UTC. */
export function startOfMonth(month: number): Date {
  return new Date(Date.UTC(1970, month));
}

/** A new id of the month of `at`, as `monthly_id` of the database makes it. */
export function monthlyId(at: Date): string {
  const month = inIds(monthOf(at));
  const slot = Math.floor((at.getTime() - startOfMonth(month).getTime()) / SLOT_MS) & 0xfff;
  return `${lowestIdOf(month).slice(0, 14)}8${slot.toString(16).padStart(3, '0')}${randomUUID().slice(18)}`;
}

/** The lowest id of a month: the bound of its partition. A month that no id can name is taken for the first or the last. */
export function lowestIdOf(month: number): string {
  return `ffffffff-${inIds(month).toString(16).padStart(4, '0')}-0000-0000-000000000000`;
}

/** The month that an id names; undefined of one that names none. */
export function monthOfId(id: string): number | undefined {
  return id < FIRST_MONTHLY_ID ? undefined : Number.parseInt(id.slice(9, 13), 16);
}

function inIds(month: number): number {
  return Math.min(Math.max(month, 0), LAST_MONTH);
}

export function partitionOf(table: string, month: number): string {
  const year = 1970 + Math.floor(month / 12);
  return `${table}_${year}_${String((month % 12) + 1).padStart(2, '0')}`;
}

/** The months that have a partition of `table`, in order. None where it is not kept by month. */
export async function listMonths(run: Run, table: string): Promise<number[]> {
  const { rows } = await run(`select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = to_regclass('public.${table}')`);
  return (rows as { name: string }[])
    .flatMap(({ name }) => {
      const [, year, month] = /_(\d{4})_(\d{2})$/.exec(name) ?? [];
      return year === undefined ? [] : [(Number(year) - 1970) * 12 + Number(month) - 1];
    })
    .sort((a, b) => a - b);
}

/** Makes the partitions of the current month and those after it, where they are missing. Inside a transaction. */
export async function makeMonthsAhead(run: Run, table: string, now: Date): Promise<number[]> {
  const first = monthOf(now);
  return await makeMonths(
    run,
    table,
    Array.from({ length: MONTHS_AHEAD + 1 }, (_, index) => first + index),
  );
}

/** Makes the partitions of these months where they are missing, and resolves to those made. Inside a transaction. */
export async function makeMonths(run: Run, table: string, months: readonly number[]): Promise<number[]> {
  const known = new Set(await listMonths(run, table));
  const missing = months.filter((month) => !known.has(month));
  for (const month of missing) await makePartition(run, table, month);
  return missing;
}

// Attached, not "created as a partition of": that would lock the whole table, and this only the partition for the rest.
async function makePartition(run: Run, table: string, month: number): Promise<void> {
  const name = partitionOf(table, month);
  const [from, to] = [lowestIdOf(month), lowestIdOf(month + 1)];
  await makeLike(run, table, name);
  await run(`lock table ${otherOf(table)} in access exclusive mode`);
  // The owner is bound by row-level security too, unless it says otherwise for a moment.
  await run(`alter table ${otherOf(table)} no force row level security`);
  const theirs = `id >= '${from}' and id < '${to}'`;
  const putBack = await putReferringAside(run, table, theirs);
  await run(`with moved as (delete from ${otherOf(table)} where ${theirs} returning *)
    insert into ${name} select * from moved`);
  await run(`alter table ${otherOf(table)} force row level security`);
  await secure(run, name);
  await run(`alter table ${table} attach partition ${name} for values from ('${from}') to ('${to}')`);
  await putBack();
}

/** What refers to a row by its tenant and this column is deleted with it, and must not be where the row only moves. */
const REFERRING: Record<string, { table: string; column: string }> = {
  calls: { table: 'call_reads', column: 'call_id' },
};

async function putReferringAside(run: Run, table: string, theirs: string): Promise<() => Promise<void>> {
  const referring = REFERRING[table];
  const { rows } = await run(`select from ${otherOf(table)} where ${theirs} limit 1`);
  if (referring === undefined || rows.length === 0) return async () => {};
  await run(`alter table ${referring.table} no force row level security`);
  await run(`create temporary table aside on commit drop as select r.* from ${referring.table} r
    where (r.tenant_id, r.${referring.column}) in (select tenant_id, id from ${otherOf(table)} where ${theirs})`);
  return async () => {
    await run(`insert into ${referring.table} select * from aside`);
    await run(`drop table aside`);
    await run(`alter table ${referring.table} force row level security`);
  };
}

export function otherOf(table: string): string {
  return `${table}_other`;
}

/** Makes the partition of what has no month of its own. */
export async function makeOther(run: Run, table: string): Promise<void> {
  await makeLike(run, table, otherOf(table));
  await secure(run, otherOf(table));
  await run(`alter table ${table} attach partition ${otherOf(table)} default`);
}

// Room on each page, so that a change of a row that is in no index stays on its page and writes no index.
async function makeLike(run: Run, table: string, name: string): Promise<void> {
  await run(`create table ${name} (like ${table} including all) with (fillfactor = 80)`);
}

/**
 * A partition is used through its table alone, whose policies and rights count then: nobody gets a right on itself. A
 * policy stands all the same, should somebody be given one.
 */
export async function secure(run: Run, name: string): Promise<void> {
  await run(`alter table ${name} enable row level security, force row level security`);
  await run(`create policy tenant on ${name} using (${IS_OWN}) with check (${IS_OWN})`);
}

const IS_OWN = `tenant_id = nullif(current_setting('app.tenant', true), '')::uuid`;
