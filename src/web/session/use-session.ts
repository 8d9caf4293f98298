import { useSyncExternalStore } from 'react';
import type { SessionWire } from '../../features/accounts/contract.ts';
import { readSession, subscribeToSession, type SessionState } from './session.ts';

const LADDER = ['viewer', 'editor', 'admin', 'owner'] as const;
export type Needs = (typeof LADDER)[number] | 'operator';

export function useSessionState(): SessionState {
  return useSyncExternalStore(subscribeToSession, readSession);
}

/** The session of a page that stands behind sign-in. */
export function useSession(): SessionWire {
  const state = useSessionState();
  if (state.kind !== 'signed_in' && state.kind !== 'expired') throw new Error('this page needs a session');
  return state.session;
}

/** Whether the person may do what needs this role; the server decides again. */
export function useMay(needs: Needs): boolean {
  const { role, user } = useSession();
  if (needs === 'operator') return user.operator;
  return LADDER.indexOf(role) >= LADDER.indexOf(needs);
}
