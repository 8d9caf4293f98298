import { type Kysely, sql } from 'kysely';

/** Text messages after calls, as each tenant wants them; nobody is sent any until somebody asks for them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table call_policies
    add column texts_when text not null default 'never' check (texts_when in ('never', 'voicemail', 'every_call')),
    add column texts_to text[] not null default '{}',
    add column texts_per_day integer not null default 100`.execute(db);
}
