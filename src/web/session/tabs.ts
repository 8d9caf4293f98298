/** What tabs of one browser do together: renew one at a time, and hear of each other's sign-in and sign-out. */
import type { SessionWire } from '../../features/accounts/contract.ts';

export type TabMessage = { type: 'session'; session: SessionWire } | { type: 'signed_out' };

export function sessionChannel(receive: (message: TabMessage) => void): { tell: (message: TabMessage) => void } {
  if (typeof BroadcastChannel === 'undefined') return { tell: () => undefined };
  const channel = new BroadcastChannel('ava-session');
  channel.addEventListener('message', (event: MessageEvent<TabMessage>) => receive(event.data));
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel has no target
  return { tell: (message) => channel.postMessage(message) };
}

/** Runs `work` while no other tab runs its own. Locks exist on secure origins only; elsewhere the work just runs. */
export async function underOneLock<T>(work: () => Promise<T>): Promise<T> {
  if (navigator.locks === undefined) return work();
  return (await navigator.locks.request('ava-session', work)) as T;
}
