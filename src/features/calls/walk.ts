/**
 * The way back through the months in which calls are kept (`db/months.ts`). To ask a month costs the planner a tenth of
 * a millisecond, so a page asks a few of them and goes on only where those do not fill it. A call begins in the month of
 * its id or in the one before: for any span of time it is known which months may hold its calls, and a page of a year
 * ago costs what the newest one does.
 */
import { sql, type SqlBool } from 'kysely';
import { FIRST_MONTHLY_ID, lowestIdOf, monthOf, monthOfId, startOfMonth } from '../../db/months.ts';

/** From the beginning of one month to that of another; without end where there is none. */
export type Span = { from: number | undefined; to: number | undefined };

/** So many months at a time, and after them all that came before. */
const MONTHS_AT_A_TIME = [2, 6, 24];

/** Spans that follow on each other, the newest first; together all time down to `oldest`. */
export function* spansBack({ newest, oldest }: { newest: Date; oldest: Date | undefined }): Generator<Span> {
  const last = oldest === undefined ? undefined : monthOf(oldest);
  let to: number | undefined;
  for (const months of MONTHS_AT_A_TIME) {
    const from = (to ?? monthOf(newest) + 1) - months;
    if (from <= (last ?? 0)) break;
    yield { from, to };
    to = from;
  }
  yield { from: last, to };
}

/** Calls that began in the span, and not after `newest`. Those whose id names no month are always asked. */
export function beganIn({ from, to }: Span, newest: Date) {
  const none = sql.lit(FIRST_MONTHLY_ID);
  const lowest = sql.lit(lowestIdOf(from ?? 0));
  const above = sql.lit(lowestIdOf((to ?? monthOf(newest) + 1) + 1));
  const times = [
    ...(from === undefined ? [] : [sql` and started_at >= ${startOfMonth(from)}`]),
    ...(to === undefined ? [] : [sql` and started_at < ${startOfMonth(to)}`]),
  ];
  return sql<SqlBool>`((id < ${none}::uuid or (id >= ${lowest}::uuid and id < ${above}::uuid))${sql.join(times, sql``)})`;
}

/**
 * When a call with this id begins: as it was found to, within the month of its id and the one before. What says otherwise
 * came months after the call or has no right clock, and the call would be on no page.
 */
export function beginOf(id: string, found: Date): Date {
  const month = monthOfId(id);
  if (month === undefined) return found;
  const [first, end] = [startOfMonth(month - 1).getTime(), startOfMonth(month + 1).getTime()];
  return new Date(Math.min(Math.max(found.getTime(), first), end - 1));
}
