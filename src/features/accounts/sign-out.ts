/** Sign-out, and every other end of a session. */
import type { Caller } from '../../http/caller.ts';
import { note, pick, type SessionDeps } from './session-parts.ts';
import { prove } from './session-proof.ts';
import * as store from './store.ts';

/** Ends the sessions of whatever is given; a token that does not count ends nothing. */
export async function signOut(
  deps: SessionDeps,
  given: { refreshToken?: string | undefined; caller?: Caller | undefined },
): Promise<void> {
  const proven = given.refreshToken === undefined ? undefined : await prove(deps, given.refreshToken);
  const sessionIds = new Set([proven?.session.id, given.caller?.sessionId].filter((id) => id !== undefined));
  for (const id of sessionIds) {
    const session = await store.findSession(deps.db.system, id);
    if (session) await endSession(deps, session, 'signed out');
  }
}

export async function endSession(deps: SessionDeps, session: store.SessionRow, because: string): Promise<void> {
  const user = await store.findUser(deps.db.system, session.userId);
  const tenant = pick(await store.listMemberships(deps.db.system, session.userId), session.chosenTenant ?? undefined);
  const now = deps.clock.now();
  if (user && tenant) {
    await deps.db.asTenant(tenant.id, async (trx) => {
      if (!(await store.revokeSession(trx, session.id, { now, because }))) return;
      await note(deps, trx, tenant.id, user, 'session.ended', session.id, { because });
    });
  } else {
    await deps.db.system.transaction().execute((trx) => store.revokeSession(trx, session.id, { now, because }));
  }
  await deps.announce(session.userId);
}
