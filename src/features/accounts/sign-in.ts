/** Sign-in by e-mail and password. */
import { createHmac, randomBytes } from 'node:crypto';
import { errorsOf } from '../../errors.ts';
import { deriveKeys } from '../../keys.ts';
import { ACCOUNT_ERRORS } from './contract.ts';
import { grant, IDLE_MS, note, pick, type Refreshable, type SessionDeps } from './session-parts.ts';
import { prove } from './session-proof.ts';
import * as store from './store.ts';

export type SignInRequest = {
  email: string;
  password: string;
  tenantId?: string | undefined;
  address: string;
  /** Token of an earlier sign-in from the same place, which then is known. */
  refreshToken?: string | undefined;
};

const fail = errorsOf(ACCOUNT_ERRORS);

/** Throws `sign_in_failed`, the same for every reason, or `sign_in_throttled`. */
export async function signIn(deps: SessionDeps, request: SignInRequest): Promise<Refreshable> {
  const { db, passwords } = deps;
  const user = await store.findUserByEmail(db.system, request.email);
  const addressHash = hashAddress(deps, request.address);
  const knownPlace = await findKnownPlace(deps, request, user?.id, addressHash);
  const attempt = await deps.limits.begin({ email: request.email, address: request.address, knownPlace });
  const isRight = await passwords.verify(request.password, user?.passwordHash).catch(async (error: unknown) => {
    await attempt.giveBack();
    throw error;
  });
  const tenants = user && isRight ? await store.listMemberships(db.system, user.id) : [];
  const tenant = pick(tenants, request.tenantId);
  if (!user || !isRight || !tenant || (request.tenantId !== undefined && tenant.id !== request.tenantId)) {
    throw fail('sign_in_failed', 'The e-mail or the password is wrong.');
  }
  await attempt.giveBack();
  if (passwords.isOutdated(user.passwordHash)) {
    await store.setPassword(db.system, user.id, await passwords.hash(request.password));
  }

  const now = deps.clock.now();
  const seed = randomBytes(32);
  const expiresAt = new Date(now.getTime() + IDLE_MS);
  const sessionId = await db.asTenant(tenant.id, async (trx) => {
    const session = { userId: user.id, tenantId: tenant.id, seed, now, expiresAt, addressHash };
    const id = await store.insertSession(trx, session);
    await note(deps, trx, tenant.id, user, 'session.started', id);
    return id;
  });
  return {
    ...grant(deps, { user, tenant, tenants, sessionId }),
    refreshToken: deps.refreshTokens.make(sessionId, 1, seed),
    refreshExpiresAt: expiresAt,
  };
}

async function findKnownPlace(
  deps: SessionDeps,
  request: SignInRequest,
  userId: string | undefined,
  addressHash: Buffer,
): Promise<string | undefined> {
  const isKnownAddress = await store.knowsAddress(deps.db.system, userId, addressHash);
  const proven = request.refreshToken === undefined ? undefined : await prove(deps, request.refreshToken);
  if (proven && proven.session.userId === userId) return `session ${proven.session.id}`;
  return isKnownAddress ? `address ${addressHash.toString('hex')}` : undefined;
}

function hashAddress({ secrets }: SessionDeps, address: string): Buffer {
  return createHmac('sha256', deriveKeys(secrets, 'sign-in-address').current.key).update(address).digest();
}
