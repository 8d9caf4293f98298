import { type Kysely, sql } from 'kysely';

/** A release is kept while it runs: what it will do, how far it is, who holds it, and that only one runs at a time. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  `alter table releases
    add column kind text not null default 'release',
    add column phase text,
    add column plan jsonb,
    add column progress jsonb,
    add column holder text,
    add column updated_at timestamptz,
    add column running_lock boolean`,
  // Set while a held release runs, null afterwards: the one row that may have it is the lock.
  `create unique index releases_one_at_a_time on releases (running_lock) where running_lock`,
];
