/** The right to be the only one who changes an assistant, over all replicas. It ends by itself. */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import { fail } from '../../errors.ts';
import type { EditIntent } from './known.ts';
import type { AssistantStore } from './store.ts';

export type Lease = {
  token: string;
  /** What an earlier holder that never came back was about to write. */
  inherited: EditIntent | null;
};

type LeaseDeps = { store: AssistantStore; clock: Clock };
type Place = { tenantId: string; assistantId: string };

const WAIT_MS = 10_000;
const ASK_AGAIN_MS = 100;
/** After what times it is tried again to give a lease back. */
const GIVE_BACK_AGAIN_MS = [250, 1_000, 4_000, 16_000];

/** Waits up to 10 s for the present holder. Throws `overloaded` after that. */
export async function takeLease(deps: LeaseDeps, place: Place): Promise<Lease> {
  const token = randomUUID();
  try {
    return await waitForLease(deps, place, token);
  } catch (error) {
    // A connection that was lost may have taken it all the same.
    await giveBack(deps.clock, () => deps.store.expire(place.tenantId, token));
    throw error;
  }
}

/** Gives a lease back, now or as soon as the database can be reached again: others wait for it. Never rejects. */
export async function giveBack(clock: Clock, how: () => Promise<void>, againMs = GIVE_BACK_AGAIN_MS): Promise<void> {
  await how().catch(() => {
    const [nextMs, ...laterMs] = againMs;
    if (nextMs !== undefined) clock.setTimer(nextMs, () => void giveBack(clock, how, laterMs));
  });
}

async function waitForLease(
  { store, clock }: LeaseDeps,
  { tenantId, assistantId }: Place,
  token: string,
): Promise<Lease> {
  const endsMs = clock.monotonicMs() + WAIT_MS;
  for (;;) {
    const held = await store.takeLease(tenantId, assistantId, token);
    if (held === 'taken') return { token, inherited: null };
    if (held === 'free') continue;
    if (held.isExpired && (await store.inherit(tenantId, held.token, token))) return { token, inherited: held.intent };
    if (clock.monotonicMs() >= endsMs) {
      throw fail('overloaded', 'Another change of this assistant is under way. Try again shortly.', {
        retryAfterSeconds: 2,
      });
    }
    await new Promise<void>((resolve) => clock.setTimer(ASK_AGAIN_MS, resolve));
  }
}
