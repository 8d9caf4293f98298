/** Who was told, claimed before anybody is, so that no crash and no second leader tells them twice. */
import type { Database } from '../../db/connect.ts';
import type { NoticeKind } from './channels.ts';
import type { Channel } from './contract.ts';
import type { Silence } from './store.ts';

type Db = Database['system'];

export type Claim = { alertId: string; channel: Channel; kind: NoticeKind };

/** Makes the notice ours; false where somebody else is at it, or it was delivered. `mayRepeatBefore`: an older one of unknown fate may be sent again. */
export async function claimNotice(
  db: Db,
  claim: Claim,
  now: Date,
  mayRepeatBefore: Date | undefined,
): Promise<boolean> {
  const made = await db
    .insertInto('alert_notifications')
    .values({
      alert_id: claim.alertId,
      channel: claim.channel,
      kind: claim.kind,
      outcome: 'unknown',
      problem: null,
      attempts: 1,
      at: now,
    })
    .onConflict((conflict) =>
      conflict
        .columns(['alert_id', 'channel', 'kind'])
        .doUpdateSet((eb) => ({
          outcome: 'unknown',
          at: now,
          attempts: eb('alert_notifications.attempts', '+', 1),
        }))
        .where((eb) =>
          eb.or([
            eb('alert_notifications.outcome', '=', 'failed'),
            ...(mayRepeatBefore === undefined
              ? []
              : [
                  eb.and([
                    eb('alert_notifications.outcome', '=', 'unknown'),
                    eb('alert_notifications.at', '<', mayRepeatBefore),
                  ]),
                ]),
          ]),
        ),
    )
    .returning('id')
    .executeTakeFirst();
  return made !== undefined;
}

export async function settleNotice(
  db: Db,
  claim: Claim,
  { outcome, problem, now }: { outcome: 'delivered' | 'failed' | 'unknown'; problem: string | null; now: Date },
): Promise<void> {
  await db
    .updateTable('alert_notifications')
    .set({ outcome, problem, at: now })
    .where('alert_id', '=', claim.alertId)
    .where('channel', '=', claim.channel)
    .where('kind', '=', claim.kind)
    .execute();
}

export async function noteTest(
  db: Db,
  given: { channel: Channel; outcome: 'delivered' | 'failed'; problem: string | null; now: Date },
): Promise<void> {
  const { channel, outcome, problem, now } = given;
  await db
    .insertInto('alert_notifications')
    .values({ alert_id: null, kind: 'test', attempts: 1, at: now, channel, outcome, problem })
    .execute();
}

export async function listSilences(db: Db, now: Date): Promise<Silence[]> {
  const rows = await db
    .selectFrom('alert_silences')
    .selectAll()
    .where('expires_at', '>', now)
    .orderBy('expires_at')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    rule: row.rule,
    resource: row.resource,
    reason: row.reason,
    author: row.author,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  }));
}

export async function addSilence(db: Db, given: Omit<Silence, 'id'>): Promise<Silence> {
  const { id } = await db
    .insertInto('alert_silences')
    .values({
      rule: given.rule,
      resource: given.resource,
      reason: given.reason,
      author: given.author,
      created_at: given.createdAt,
      expires_at: given.expiresAt,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return { id, ...given };
}

/** Ends it now; false where there is none. */
export async function endSilence(db: Db, id: string, now: Date): Promise<boolean> {
  const result = await db
    .updateTable('alert_silences')
    .set({ expires_at: now })
    .where('id', '=', id)
    .where('expires_at', '>', now)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}
