/**
 * Verification's own tenants. Each session is a new tenant with one person in it, so that its limits are fresh and
 * nothing of a customer is touched; it goes with everything in it when the session ends, or an hour later.
 */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import type { Database } from '../../db/connect.ts';
import { fail } from '../../errors.ts';
import type { Accounts } from '../accounts/accounts.ts';
import { isSynthetic, removeSynthetic, removeUsersOf } from './store.ts';

export type SyntheticDeps = { db: Database; clock: Clock; users: Accounts['users'] };

export type VerificationSession = { tenantId: string; accessToken: string; expiresAt: Date };

export type SyntheticTenants = ReturnType<typeof createSyntheticTenants>;

/** No such domain can exist (RFC 2606), so no mail ever reaches it. */
const DOMAIN = 'verification.invalid';
const TOKEN_SECONDS = 900;
const KEPT_MS = 3_600_000;
const REMEMBERED = 10_000;

export function createSyntheticTenants({ db, clock, users }: SyntheticDeps) {
  const known = new Map<string, boolean>();

  async function open(): Promise<VerificationSession> {
    await removeOld();
    const name = `verification ${randomBytes(6).toString('hex')}`;
    const email = `${name.replace(' ', '-')}@${DOMAIN}`;
    const password = randomBytes(24).toString('base64url');
    const { tenant } = await users.createUser({ email, password, tenant: name, role: 'owner', synthetic: true });
    const accessToken = await users.issueToken({ email, ttlSeconds: TOKEN_SECONDS, tenant: name });
    const expiresAt = new Date(clock.now().getTime() + TOKEN_SECONDS * 1000);
    return { tenantId: tenant.id, accessToken, expiresAt };
  }

  /** Removes one of these tenants with all that it has. Throws not_found for any other tenant. */
  async function close(tenantId: string): Promise<void> {
    const people = await db.asTenant(tenantId, (trx) =>
      trx.selectFrom('members').innerJoin('users', 'users.id', 'members.user_id').select('users.email').execute(),
    );
    const [removed] = await removeSynthetic(db.system, { tenantId });
    if (removed === undefined) throw fail('not_found', 'There is no such verification session.');
    for (const { email } of people) await removeUsersOf(db.system, DOMAIN, undefined, email);
  }

  async function removeOld(): Promise<void> {
    const madeBefore = new Date(clock.now().getTime() - KEPT_MS);
    await removeSynthetic(db.system, { madeBefore });
    await removeUsersOf(db.system, DOMAIN, madeBefore);
  }

  /** Costs one query per tenant and process: a tenant is synthetic from the start or never. */
  function has(tenantId: string): boolean | Promise<boolean> {
    return known.get(tenantId) ?? lookUp(tenantId);
  }

  async function lookUp(tenantId: string): Promise<boolean> {
    const found = await isSynthetic(db.system, tenantId);
    if (known.size >= REMEMBERED) known.delete(known.keys().next().value!);
    known.set(tenantId, found);
    return found;
  }

  return { open, close, has, removeOld };
}
