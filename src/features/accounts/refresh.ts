/**
 * Refresh: a refresh token is good once; one that was used before ends the whole session, for then two hold it. For
 * ten seconds after a rotation the token just replaced gets the same successor once more: two tabs that refresh at
 * once are one person.
 */
import { grant, IDLE_MS, LONGEST_MS, pick, type Refreshable, type SessionDeps, signInAgain } from './session-parts.ts';
import { prove, type Proven } from './session-proof.ts';
import { endSession } from './sign-out.ts';
import * as store from './store.ts';

const GRACE_MS = 10_000;

/** Throws `unauthenticated`. Without a wish the session's last chosen tenant is answered for. */
export async function refresh(deps: SessionDeps, token: string, wish: string | undefined): Promise<Refreshable> {
  const now = deps.clock.now();
  const proven = await prove(deps, token);
  if (!proven || proven.session.revokedAt || proven.session.expiresAt <= now) throw signInAgain();
  const turned = await turn(deps, proven, now);
  if (!turned) {
    await revokeReused(deps, proven);
    throw signInAgain();
  }
  const { session, seed } = proven;
  const [user, tenants] = await Promise.all([
    store.findUser(deps.db.system, session.userId),
    store.listMemberships(deps.db.system, session.userId),
  ]);
  const tenant = pick(tenants, wish ?? session.chosenTenant ?? undefined);
  if (!user || !tenant) throw signInAgain();
  return {
    ...grant(deps, { user, tenant, tenants, sessionId: session.id }),
    refreshToken: deps.refreshTokens.make(session.id, turned.generation, seed),
    refreshExpiresAt: turned.expiresAt,
  };
}

/** The generation to hand out, or undefined when the token was used before and its time of grace is over. */
async function turn(
  deps: SessionDeps,
  { session, generation }: Proven,
  now: Date,
): Promise<{ generation: number; expiresAt: Date } | undefined> {
  const { rotatedAt, createdAt } = session;
  if (generation === session.generation) {
    const expiresAt = new Date(Math.min(now.getTime() + IDLE_MS, createdAt.getTime() + LONGEST_MS));
    if (await store.rotateSession(deps.db.system, session, { now, expiresAt })) {
      return { generation: generation + 1, expiresAt };
    }
    // The other tab was faster, or the session has just been ended.
    const current = await store.findSession(deps.db.system, session.id);
    if (!current || current.revokedAt) throw signInAgain();
    return turn(deps, { session: current, seed: current.seed!, generation }, now);
  }
  const isGrace = generation === session.generation - 1 && now.getTime() - rotatedAt.getTime() <= GRACE_MS;
  return isGrace ? { generation: session.generation, expiresAt: session.expiresAt } : undefined;
}

async function revokeReused(deps: SessionDeps, { session }: Proven): Promise<void> {
  deps.log.warn(
    { user: session.userId, session: session.id },
    'A used refresh token came again; its session was ended',
  );
  await endSession(deps, session, 'refresh token used twice');
}
