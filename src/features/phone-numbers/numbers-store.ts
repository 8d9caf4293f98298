import { isDeepStrictEqual } from 'node:util';
import type { Transaction } from 'kysely';
import type { Schema } from '../../db/schema.ts';
import { adoptNumber, type AdoptedNumber, listNumbers, type NumberRow, rememberNumber } from './routing-store.ts';

type Trx = Transaction<Schema>;

/** How old the copy of a number may get while nothing changes, in milliseconds. */
const SNAPSHOT_AGE_MS = 60_000;

export type NumbersSeen = {
  tenantId: string;
  seen: readonly AdoptedNumber[];
  /** Whether a number that nobody has becomes this tenant's. */
  mayAdopt: boolean;
  now: Date;
};

/**
 * Keeps what Twilio told about these numbers; resolves to the rows of those that are the tenant's, in the same order. A
 * number that another tenant has is left out. Only what changed is written: each write makes every replica look.
 */
export async function keepNumbers(trx: Trx, { tenantId, seen, mayAdopt, now }: NumbersSeen): Promise<NumberRow[]> {
  const known = new Map((await listNumbers(trx)).map((row) => [row.sid, row]));
  for (const number of seen) {
    const row = known.get(number.sid);
    if (row === undefined && mayAdopt) await adoptNumber(trx, tenantId, number, now);
    else if (row !== undefined && isOutOfDate(row, number, now)) {
      await rememberNumber(trx, number.sid, { twilio_snapshot: number.snapshot as NumberRow['twilio_snapshot'] }, now);
    }
  }
  const rows = new Map((await listNumbers(trx)).map((row) => [row.sid, row]));
  return seen.flatMap(({ sid }) => rows.get(sid) ?? []);
}

function isOutOfDate(row: NumberRow, { snapshot }: AdoptedNumber, now: Date): boolean {
  const ageMs = now.getTime() - (row.snapshot_at?.getTime() ?? 0);
  return ageMs > SNAPSHOT_AGE_MS || !isDeepStrictEqual(row.twilio_snapshot, snapshot);
}
