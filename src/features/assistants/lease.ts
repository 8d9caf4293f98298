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

const WAIT_MS = 10_000;
const ASK_AGAIN_MS = 100;

/** Waits up to 10 s for the present holder. Throws `overloaded` after that. */
export async function takeLease(
  { store, clock }: { store: AssistantStore; clock: Clock },
  { tenantId, assistantId }: { tenantId: string; assistantId: string },
): Promise<Lease> {
  const token = randomUUID();
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
