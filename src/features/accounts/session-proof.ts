import type { SessionDeps } from './session-parts.ts';
import * as store from './store.ts';

export type Proven = { session: store.SessionRow; seed: Buffer; generation: number };

/** The session that a refresh token really belongs to, whatever became of it. */
export async function prove(deps: SessionDeps, token: string): Promise<Proven | undefined> {
  const claim = deps.refreshTokens.read(token);
  const session = claim && (await store.findSession(deps.db.system, claim.sessionId));
  if (!claim || !session?.seed || !claim.isProvenBy(session.seed)) return undefined;
  return { session, seed: session.seed, generation: claim.generation };
}
