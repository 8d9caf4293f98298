/**
 * What the command line does: users with their tenants, and tokens for programs. The first user of an installation
 * becomes operator, and that tenant the one that the environment's vendor credentials belong to.
 */
import { randomUUID } from 'node:crypto';
import { errorsOf, fail } from '../../errors.ts';
import type { Role } from '../../http/caller.ts';
import { TTL_SECONDS } from './access-token.ts';
import { ACCOUNT_ERRORS } from './contract.ts';
import { findTenantByName, insertMember, insertTenant, lockWhetherEmpty } from './members-store.ts';
import type { SessionDeps } from './session-parts.ts';
import { findUserByEmail, insertSession, insertUser, listMemberships, type User } from './store.ts';

export type NewUser = {
  email: string;
  password: string;
  /** Name of the tenant; made when there is none of that name. */
  tenant: string;
  role?: Role;
  operator?: boolean;
  /** For verification's own tenant: left out of alerts and targets, and never the operator's. */
  synthetic?: boolean;
};

export type CreatedUser = { user: User; tenant: { id: string; name: string }; role: Role };

export type UserDeps = Pick<SessionDeps, 'db' | 'clock' | 'audit' | 'passwords' | 'tokens'>;
export type Users = ReturnType<typeof createUsers>;

const failAccount = errorsOf(ACCOUNT_ERRORS);
const ACTOR = { name: 'command line' };

export function createUsers(deps: UserDeps) {
  return {
    /** Throws `user_exists`. */
    createUser: (request: NewUser) => createUser(deps, request),
    /** An access token of a session of its own, by name of the tenant or the first one. Throws `not_found`. */
    issueToken: (request: { email: string; ttlSeconds: number; tenant?: string | undefined }) =>
      issueToken(deps, request),
  };
}

async function createUser(deps: UserDeps, request: NewUser): Promise<CreatedUser> {
  const { role = 'owner', synthetic = false } = request;
  const email = request.email.trim().toLowerCase();
  const passwordHash = await deps.passwords.hash(request.password);
  const known = await deps.db.system.transaction().execute((trx) => findTenantByName(trx, request.tenant));
  const tenant = known ?? { id: randomUUID(), name: request.tenant };
  return deps.db.asTenant(tenant.id, async (trx) => {
    const isFirst = (await lockWhetherEmpty(trx)) && !synthetic;
    const operator = isFirst || request.operator === true;
    const user = await insertUser(trx, { email, operator, passwordHash });
    if (!user) throw failAccount('user_exists', `There is a user with the e-mail ${email} already.`);
    if (!known) await insertTenant(trx, { ...tenant, synthetic, usesEnvironment: isFirst });
    await insertMember(trx, { tenantId: tenant.id, userId: user.id, role, now: deps.clock.now() });
    const details = { role, operator, new_tenant: !known };
    await deps.audit.record(trx, {
      tenantId: tenant.id,
      actor: ACTOR,
      action: 'user.created',
      subject: email,
      details,
    });
    return { user, tenant, role };
  });
}

async function issueToken(
  deps: UserDeps,
  { email, ttlSeconds, tenant: name }: { email: string; ttlSeconds: number; tenant?: string | undefined },
): Promise<string> {
  if (ttlSeconds < TTL_SECONDS.least || ttlSeconds > TTL_SECONDS.most) {
    throw fail('bad_request', 'A token is good for 1m to 24h.');
  }
  const user = await findUserByEmail(deps.db.system, email);
  const tenants = user ? await listMemberships(deps.db.system, user.id) : [];
  const tenant = name === undefined ? tenants[0] : tenants.find((candidate) => candidate.name === name);
  if (!user || !tenant) throw fail('not_found', `There is no user ${email}${name ? ` in a tenant ${name}` : ''}.`);
  const now = deps.clock.now();
  const expiresAt = new Date(now.getTime() + (ttlSeconds + 60) * 1000);
  const sessionId = await deps.db.asTenant(tenant.id, async (trx) => {
    const session = { userId: user.id, tenantId: tenant.id, seed: null, now, expiresAt, addressHash: null };
    const id = await insertSession(trx, session);
    await deps.audit.record(trx, {
      tenantId: tenant.id,
      actor: ACTOR,
      action: 'token.issued',
      subject: user.email,
      details: { session: id, ttl_seconds: ttlSeconds },
    });
    return id;
  });
  return deps.tokens.issue({ userId: user.id, tenantId: tenant.id, sessionId }, ttlSeconds);
}
