/**
 * Tenants, members, roles, sign-in and tokens. A token says who and where; what that person may do is always read from
 * the database, at most a second old, never from the token.
 */
import type { Clock } from '../../clock.ts';
import type { Database } from '../../db/connect.ts';
import type { Authenticate } from '../../http/private-scope.ts';
import type { SecretKeys } from '../../keys.ts';
import type { Log } from '../../log.ts';
import type { Audit } from '../audit/audit.ts';
import { createAccessTokens } from './access-token.ts';
import { createAuthenticate } from './authenticate.ts';
import { createMembers, type Members } from './members.ts';
import { createPasswords } from './passwords.ts';
import { createRefreshTokens } from './refresh-token.ts';
import { createSessionCache } from './session-cache.ts';
import { createSessions, type Sessions } from './sessions.ts';
import { createSignInLimits } from './sign-in-limits.ts';
import { deleteOldSessions, findActiveSession } from './store.ts';
import { createUsers, type Users } from './users.ts';

export type AccountsDeps = { db: Database; clock: Clock; log: Log; audit: Audit; secrets: SecretKeys };

export type Accounts = {
  /** Throws `unauthenticated`, one error for every reason, or `database_unavailable`. */
  authenticate: Authenticate;
  sessions: Sessions;
  members: Members;
  users: Users;
  /** Hears of changes on other replicas; without it they hold within a second. Resolves to what ends it. */
  follow(): Promise<() => Promise<void>>;
  /** Removes sessions and counts that nobody needs any more; for a daily clock. */
  tidy(): Promise<void>;
};

const CHANNEL = 'ava_sessions';
const KEPT_AFTER_END_MS = 90 * 86_400_000;

export function createAccounts(deps: AccountsDeps): Accounts {
  const { db, clock, log, secrets } = deps;
  const cache = createSessionCache({ clock, load: (id, tenantId) => findActiveSession(db.system, id, tenantId) });
  const tokens = createAccessTokens({ secrets, clock });
  const passwords = createPasswords();
  const limits = createSignInLimits({ db, clock, secrets });

  const announce = async (userId: string) => {
    cache.forgetUser(userId);
    await db.notify(CHANNEL, userId).catch((error: unknown) => {
      log.warn({ err: error }, 'Other replicas learn of a changed session by themselves, within a second');
    });
  };
  const parts = { ...deps, tokens, passwords, limits, announce, refreshTokens: createRefreshTokens(secrets) };

  return {
    authenticate: createAuthenticate({ tokens, sessions: cache, clock }),
    sessions: createSessions(parts),
    members: createMembers(parts),
    users: createUsers(parts),
    follow: () =>
      db.listen(CHANNEL, (notice) => {
        if (notice.cause === 'message') cache.forgetUser(notice.payload);
        else if (notice.cause === 'reconnect') cache.forgetAll();
      }),
    async tidy() {
      await limits.tidy();
      // An ended session still tells from where its owner signed in.
      await deleteOldSessions(db.system, new Date(clock.now().getTime() - KEPT_AFTER_END_MS));
    },
  };
}
