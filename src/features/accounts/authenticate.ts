/** From an access token to the person who asks. One refusal for every reason. */
import type { Clock } from '../../clock.ts';
import { fail } from '../../errors.ts';
import type { Caller } from '../../http/caller.ts';
import type { Authenticate } from '../../http/private-scope.ts';
import type { AccessGrant, AccessTokens } from './access-token.ts';
import type { SessionCache } from './session-cache.ts';
import type { ActiveSession } from './store.ts';

export type AuthenticateDeps = { tokens: AccessTokens; sessions: SessionCache; clock: Clock };

/**
 * Answers at once while the session is known, else after one look into the database. Throws `unauthenticated`, or
 * `database_unavailable` when nobody can tell.
 */
export function createAuthenticate({ tokens, sessions, clock }: AuthenticateDeps): Authenticate {
  const judge = (grant: AccessGrant, session: ActiveSession | undefined): Caller => {
    if (!session || session.userId !== grant.userId || session.expiresAtMs <= clock.now().getTime()) throw refused;
    return {
      tenantId: grant.tenantId,
      userId: session.userId,
      email: session.email,
      role: session.role,
      operator: session.operator,
      sessionId: grant.sessionId,
      synthetic: session.synthetic,
    };
  };
  return (token) => {
    const grant = tokens.read(token);
    if (!grant) throw refused;
    const found = sessions.find(grant.sessionId, grant.tenantId);
    return found instanceof Promise ? found.then((session) => judge(grant, session)) : judge(grant, found);
  };
}

// Made once: a refusal must not cost more than an acceptance, and most of an error's cost is its stack.
const refused = fail('unauthenticated', 'Sign in again: the access token is missing, expired or not valid.');
