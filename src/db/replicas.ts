/** Which replicas run, and which schema each of them knows: read before a migration takes something away. */
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { Database } from './connect.ts';

/** A replica that has not been heard of for this long counts as ended. */
export const REPLICA_LIFE_S = 60;

export type ReplicaBeatOptions = {
  db: Database;
  release: { version: string; commit: string; startedAt: Date };
  /** Names of the migrations that this version knows. */
  knows: readonly string[];
};

export type ReplicaBeat = { beat(): Promise<void>; leave(): Promise<void> };

/** Tells the database now and then that this replica lives; throws `DatabaseUnavailable` while it is away. */
export function createReplicaBeat({ db, release, knows }: ReplicaBeatOptions): ReplicaBeat {
  const id = randomUUID();
  const { system } = db.lane('job');
  const seenAt = sql<Date>`now()`;
  return {
    async beat() {
      await system
        .insertInto('replicas')
        .values({
          id,
          version: release.version,
          commit: release.commit,
          knows: [...knows],
          started_at: release.startedAt,
          seen_at: seenAt,
        })
        .onConflict((conflict) => conflict.column('id').doUpdateSet({ seen_at: seenAt }))
        .execute();
      await system
        .deleteFrom('replicas')
        .where('seen_at', '<', sql<Date>`now() - interval '1 day'`)
        .execute();
    },
    async leave() {
      await system.deleteFrom('replicas').where('id', '=', id).execute();
    },
  };
}
