/** The life of a session: sign-in, refresh, another tenant, another password, sign-out. */
import { errorsOf, fail } from '../../errors.ts';
import type { Caller } from '../../http/caller.ts';
import { ACCOUNT_ERRORS } from './contract.ts';
import { refresh } from './refresh.ts';
import { grant, note, type SessionDeps, type SignedIn, signInAgain, type Who, whoIs } from './session-parts.ts';
import { signIn, type SignInRequest } from './sign-in.ts';
import { signOut } from './sign-out.ts';
import * as store from './store.ts';

export type Sessions = ReturnType<typeof createSessions>;

export type PasswordChange = { current: string; next: string; address: string };

const failAccount = errorsOf(ACCOUNT_ERRORS);

export function createSessions(deps: SessionDeps) {
  return {
    signIn: (request: SignInRequest) => signIn(deps, request),
    /** The session that a refresh token of AVA names; whether it still counts is not asked. */
    claimedBy: (token: string) => deps.refreshTokens.read(token)?.sessionId,
    refresh: (token: string, tenantId?: string) => refresh(deps, token, tenantId),
    signOut: (given: { refreshToken?: string | undefined; caller?: Caller | undefined }) => signOut(deps, given),
    /** Throws `unauthenticated` where the person has gone meanwhile. */
    describe: (caller: Caller) => describe(deps, caller.userId, caller.tenantId),
    /** A new access token of the same session for another tenant. Throws `forbidden`. */
    switchTenant: (caller: Caller, tenantId: string) => switchTenant(deps, caller, tenantId),
    /** Ends the person's other sessions and resolves to how many. Throws `password_wrong`. */
    changePassword: (caller: Caller, change: PasswordChange) => changePassword(deps, caller, change),
  };
}

async function describe(deps: SessionDeps, userId: string, tenantId: string): Promise<Who> {
  const [user, tenants] = await Promise.all([
    store.findUser(deps.db.system, userId),
    store.listMemberships(deps.db.system, userId),
  ]);
  const tenant = tenants.find(({ id }) => id === tenantId);
  if (!user || !tenant) throw signInAgain();
  return whoIs(user, tenant, tenants);
}

async function switchTenant(deps: SessionDeps, caller: Caller, tenantId: string): Promise<SignedIn> {
  const tenants = await store.listMemberships(deps.db.system, caller.userId);
  const tenant = tenants.find(({ id }) => id === tenantId);
  if (!tenant) throw fail('forbidden', 'You are not a member of this tenant.');
  const user = { id: caller.userId, email: caller.email, operator: caller.operator };
  await deps.db.asTenant(tenantId, async (trx) => {
    await store.chooseTenant(trx, caller.sessionId, tenantId);
    await note(deps, trx, tenantId, user, 'session.tenant_switched', caller.sessionId, { from: caller.tenantId });
  });
  return grant(deps, { user, tenant, tenants, sessionId: caller.sessionId });
}

async function changePassword(deps: SessionDeps, caller: Caller, change: PasswordChange): Promise<number> {
  const { db, passwords } = deps;
  const knownPlace = `password of ${caller.userId}`;
  const attempt = await deps.limits.begin({ email: caller.email, address: change.address, knownPlace });
  const user = await store.findUser(db.system, caller.userId);
  if (!(await passwords.verify(change.current, user?.passwordHash))) {
    throw failAccount('password_wrong', 'The current password is wrong.', {
      fields: [{ field: 'current_password', message: 'is wrong' }],
    });
  }
  await attempt.giveBack();
  const passwordHash = await passwords.hash(change.next);
  const now = deps.clock.now();
  const ended = await db.asTenant(caller.tenantId, async (trx) => {
    await store.setPassword(trx, caller.userId, passwordHash);
    const because = 'password changed';
    const count = await store.revokeOtherSessions(trx, caller.userId, caller.sessionId, { now, because });
    await note(deps, trx, caller.tenantId, user!, 'password.changed', caller.email, { sessions_ended: count });
    return count;
  });
  await deps.announce(caller.userId);
  return ended;
}
