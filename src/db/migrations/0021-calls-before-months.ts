import { type Kysely, sql } from 'kysely';
import { FIRST_MONTHLY_ID } from '../months.ts';
import type { Contract } from './released.ts';

/** Calls by month, first step: from here on every new id is below those of any month. Nothing is read. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`alter table calls add constraint calls_before_months check (id < '${FIRST_MONTHLY_ID}') not valid`)
    .execute(db);
  // It runs a statement of its own, which no worker of a parallel one may.
  await sql`alter function monthly_id(timestamptz) parallel unsafe`.execute(db);
}

/** A random id is one of those one in four billion times, is refused, and the facts applied again with another. */
export const contract: Contract = { after: '0004-calls', takes: ['constraint calls.calls_before_months'] };
