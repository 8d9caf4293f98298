/**
 * Who is signed in, outside React. The access token lives in this module and nowhere else; the refresh token is a cookie
 * that scripts cannot read. Tabs of one browser share that cookie, so they renew one at a time and tell each other.
 */
import { createClient } from '../../client.ts';
import { ApiError, type Authorizer, createTransport } from '../../client-transport.ts';
import type { SessionWire } from '../../features/accounts/contract.ts';
import { sessionChannel, underOneLock } from './tabs.ts';

export type SessionState =
  | { kind: 'starting' }
  | { kind: 'unreachable'; error: ApiError }
  | { kind: 'signed_out'; ended: boolean }
  | { kind: 'signed_in'; session: SessionWire }
  /** The pages stay; a dialog asks to sign in again. */
  | { kind: 'expired'; session: SessionWire };

const RENEW_BEFORE_MS = 20_000;

const client = createClient(createTransport({ baseUrl: '' }));
const listeners = new Set<() => void>();
const waiting = new Set<(signedIn: boolean) => void>();

let state: SessionState = { kind: 'starting' };
let validUntilMs = 0;
let renewal: Promise<boolean> | undefined;

export function subscribeToSession(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function readSession(): SessionState {
  return state;
}

/** Picks up the session that the refresh cookie stands for. */
export async function resumeSession(): Promise<void> {
  await renew();
}

export async function signIn(body: { email: string; password: string; tenant_id?: string }): Promise<void> {
  const before = sessionOf(state);
  const session = await client.auth.login({
    ...body,
    ...(before === undefined ? {} : { tenant_id: before.tenant.id }),
  });
  accept(session);
  channel.tell({ type: 'session', session });
  const isSamePerson = before === undefined || before.user.id === session.user.id;
  if (!isSamePerson) location.assign('/');
}

export async function signOut(): Promise<void> {
  await client.auth.logout().catch(() => undefined);
  channel.tell({ type: 'signed_out' });
  leave(false);
}

/** Takes over a session that a signed-in request answered with: another tenant, for one. */
export function takeOver(session: SessionWire): void {
  accept(session);
}

export const authorizer: Authorizer = {
  async token() {
    if (state.kind === 'expired') await untilSignedIn();
    if (state.kind === 'signed_in' && Date.now() > validUntilMs - RENEW_BEFORE_MS) await renew();
    return sessionOf(state)?.access_token;
  },
  async refused(token) {
    const isRenewed = sessionOf(state)?.access_token !== token;
    if (isRenewed && state.kind === 'signed_in') return true;
    if (await renew()) return true;
    return state.kind === 'expired' ? untilSignedIn() : false;
  },
};

const channel = sessionChannel((message) => {
  if (message.type === 'signed_out') return leave(false);
  const mine = sessionOf(state);
  // Another tab may look at another tenant; its token is of no use here.
  if (mine !== undefined && (mine.tenant.id !== message.session.tenant.id || mine.user.id !== message.session.user.id))
    return;
  accept(message.session);
});

function renew(): Promise<boolean> {
  renewal ??= renewOnce().finally(() => {
    renewal = undefined;
  });
  return renewal;
}

async function renewOnce(): Promise<boolean> {
  const before = sessionOf(state)?.access_token;
  return underOneLock(async () => {
    const isRenewedByAnotherTab = state.kind === 'signed_in' && state.session.access_token !== before;
    if (isRenewedByAnotherTab) return true;
    const tenantId = sessionOf(state)?.tenant.id;
    try {
      const session = await client.auth.refresh(tenantId === undefined ? {} : { tenant_id: tenantId });
      accept(session);
      channel.tell({ type: 'session', session });
      return true;
    } catch (error) {
      return refreshFailed(error);
    }
  });
}

function refreshFailed(error: unknown): false {
  if (!(error instanceof ApiError)) throw error;
  const isOver = error.status === 401 || error.status === 403;
  const session = sessionOf(state);
  if (isOver && session !== undefined) become({ kind: 'expired', session });
  else if (isOver) become({ kind: 'signed_out', ended: false });
  else if (session === undefined) become({ kind: 'unreachable', error });
  else throw error;
  return false;
}

function accept(session: SessionWire): void {
  validUntilMs = Date.now() + session.expires_in * 1000;
  become({ kind: 'signed_in', session });
  release(true);
}

function leave(ended: boolean): void {
  become({ kind: 'signed_out', ended });
  release(false);
}

function untilSignedIn(): Promise<boolean> {
  return new Promise((resolve) => waiting.add(resolve));
}

function release(isSignedIn: boolean): void {
  for (const resolve of waiting) resolve(isSignedIn);
  waiting.clear();
}

function become(next: SessionState): void {
  state = next;
  for (const listener of listeners) listener();
}

function sessionOf(current: SessionState): SessionWire | undefined {
  return current.kind === 'signed_in' || current.kind === 'expired' ? current.session : undefined;
}
