/** What every step in the life of a session works with. */
import type { Clock } from '../../clock.ts';
import type { Database } from '../../db/connect.ts';
import { fail } from '../../errors.ts';
import type { Role } from '../../http/caller.ts';
import type { SecretKeys } from '../../keys.ts';
import type { Log } from '../../log.ts';
import type { Audit } from '../audit/audit.ts';
import { type AccessTokens, TTL_SECONDS } from './access-token.ts';
import type { Passwords } from './passwords.ts';
import type { RefreshTokens } from './refresh-token.ts';
import type { SignInLimits } from './sign-in-limits.ts';
import * as store from './store.ts';

export type Who = { user: store.User; tenant: { id: string; name: string }; role: Role; tenants: store.Membership[] };

export type SignedIn = Who & { accessToken: string; expiresInSeconds: number };
export type Refreshable = SignedIn & { refreshToken: string; refreshExpiresAt: Date };

export type SessionDeps = {
  db: Database;
  clock: Clock;
  log: Log;
  audit: Audit;
  secrets: SecretKeys;
  tokens: AccessTokens;
  refreshTokens: RefreshTokens;
  passwords: Passwords;
  limits: SignInLimits;
  /** Tells every replica that what it knows of this person is out of date. */
  announce: (userId: string) => Promise<void>;
};

export const IDLE_MS = 14 * 86_400_000;
export const LONGEST_MS = 90 * 86_400_000;

type Granted = { user: store.User; tenant: store.Membership; tenants: store.Membership[]; sessionId: string };

export function grant({ tokens }: SessionDeps, { user, tenant, tenants, sessionId }: Granted): SignedIn {
  const accessToken = tokens.issue({ userId: user.id, tenantId: tenant.id, sessionId }, TTL_SECONDS.signIn);
  return { ...whoIs(user, tenant, tenants), accessToken, expiresInSeconds: TTL_SECONDS.signIn };
}

export function whoIs({ id, email, operator }: store.User, tenant: store.Membership, tenants: store.Membership[]): Who {
  return { user: { id, email, operator }, tenant: { id: tenant.id, name: tenant.name }, role: tenant.role, tenants };
}

export function pick(tenants: store.Membership[], wish: string | undefined): store.Membership | undefined {
  return tenants.find(({ id }) => id === wish) ?? tenants[0];
}

export function signInAgain() {
  return fail('unauthenticated', 'Sign in again: the session has ended.');
}

type Trx = Parameters<Audit['record']>[0];

export async function note(
  { audit }: SessionDeps,
  trx: Trx,
  tenantId: string,
  user: store.User,
  action: string,
  subject: string,
  details: Record<string, unknown> = {},
): Promise<void> {
  await audit.record(trx, { tenantId, actor: { name: user.email }, action, subject, details });
}
