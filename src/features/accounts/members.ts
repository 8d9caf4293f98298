/**
 * Who may do what in a tenant. Nobody gives or takes a role above their own, and a tenant keeps at least one owner.
 * What changes holds at once.
 */
import { createHash } from 'node:crypto';
import type { Transaction } from 'kysely';
import type { Schema } from '../../db/schema.ts';
import { errorsOf, fail } from '../../errors.ts';
import { type Caller, type Role, ROLES } from '../../http/caller.ts';
import { ACCOUNT_ERRORS, type MemberWire } from './contract.ts';
import {
  deleteMember,
  findMember,
  insertMember,
  listMembers,
  lockOwners,
  type Member,
  setRole,
} from './members-store.ts';
import type { SessionDeps } from './session-parts.ts';
import { findUserByEmail, insertUser } from './store.ts';

export type MemberDeps = Pick<SessionDeps, 'db' | 'clock' | 'audit' | 'passwords' | 'announce'>;
export type Members = ReturnType<typeof createMembers>;
export type NewMember = { email: string; role: Role; password?: string | undefined };

type Trx = Transaction<Schema>;
const failAccount = errorsOf(ACCOUNT_ERRORS);

export function createMembers(deps: MemberDeps) {
  return {
    async list(tenantId: string, page: { after?: string | undefined; limit: number }) {
      const found = await deps.db.asTenant(tenantId, (trx) => listMembers(trx, { ...page, limit: page.limit + 1 }));
      const members = found.slice(0, page.limit).map(toWire);
      return { members, next_cursor: found.length > page.limit ? members.at(-1)!.user_id : null };
    },
    /** Throws `already_member`, or `validation_failed` when the person is new and has no password. */
    add: (caller: Caller, member: NewMember) => add(deps, caller, member),
    /** Throws `not_found`, `forbidden`, `last_owner`, `conflict`. */
    change: (caller: Caller, change: { userId: string; role: Role; ifMatch?: string | undefined }) =>
      changeRole(deps, caller, change),
    /** Throws `not_found`, `forbidden`, `last_owner`, `conflict`. */
    remove: (caller: Caller, target: { userId: string; ifMatch?: string | undefined }) => remove(deps, caller, target),
  };
}

/** The member's version, for If-Match. */
export function etagOf({ userId, role }: Member): string {
  return `"${createHash('sha256').update(`${userId} ${role}`).digest('base64url').slice(0, 16)}"`;
}

async function add(deps: MemberDeps, caller: Caller, { email, role, password }: NewMember): Promise<MemberWire> {
  mustReach(caller, role);
  const existing = await findUserByEmail(deps.db.system, email);
  if (!existing && password === undefined) {
    const message = 'is needed: nobody has this e-mail yet';
    throw fail('validation_failed', 'A new person needs a first password.', {
      fields: [{ field: 'password', message }],
    });
  }
  const passwordHash = existing ? undefined : await deps.passwords.hash(password!);
  const { tenantId } = caller;
  const member = await deps.db.asTenant(tenantId, async (trx) => {
    const created =
      passwordHash && (await insertUser(trx, { email: email.toLowerCase(), operator: false, passwordHash }));
    // Somebody may have created the same person a moment ago.
    const user = existing ?? created ?? (await findUserByEmail(trx, email));
    if (!user || !(await insertMember(trx, { tenantId, userId: user.id, role, now: deps.clock.now() }))) {
      throw failAccount('already_member', `${email} is a member already. Change the role instead.`);
    }
    await note(deps, trx, caller, 'member.added', user.email, { role, new_user: Boolean(created) });
    return findMember(trx, user.id);
  });
  await deps.announce(member!.userId);
  return toWire(member!);
}

async function changeRole(
  deps: MemberDeps,
  caller: Caller,
  { userId, role, ifMatch }: { userId: string; role: Role; ifMatch?: string | undefined },
): Promise<MemberWire> {
  mustReach(caller, role);
  const member = await deps.db.asTenant(caller.tenantId, async (trx) => {
    const before = await take(trx, caller, userId);
    mustMatch(before, ifMatch, role);
    if (role !== 'owner') await keepAnOwner(trx, before);
    await setRole(trx, userId, role);
    const details = { before: before.role, after: role, if_match: ifMatch !== undefined };
    await note(deps, trx, caller, 'member.role_changed', before.email, details);
    return { ...before, role };
  });
  await deps.announce(userId);
  return toWire(member);
}

async function remove(
  deps: MemberDeps,
  caller: Caller,
  { userId, ifMatch }: { userId: string; ifMatch?: string | undefined },
): Promise<void> {
  await deps.db.asTenant(caller.tenantId, async (trx) => {
    const before = await take(trx, caller, userId);
    mustMatch(before, ifMatch, undefined);
    await keepAnOwner(trx, before);
    await deleteMember(trx, userId);
    const details = { role: before.role, if_match: ifMatch !== undefined };
    await note(deps, trx, caller, 'member.removed', before.email, details);
  });
  await deps.announce(userId);
}

async function take(trx: Trx, caller: Caller, userId: string): Promise<Member> {
  // Owners first and in one order, so that two changes at once never wait for each other in a ring.
  await lockOwners(trx);
  const member = await findMember(trx, userId);
  if (!member) throw fail('not_found', 'There is no such member.');
  mustReach(caller, member.role);
  return member;
}

function mustReach(caller: Caller, role: Role): void {
  if (ROLES.indexOf(role) > ROLES.indexOf(caller.role)) {
    throw fail('forbidden', `Only an ${role} may give or take the role ${role}.`);
  }
}

function mustMatch(member: Member, ifMatch: string | undefined, role: Role | undefined): void {
  if (ifMatch === undefined || ifMatch === '*' || ifMatch.split(',').some((tag) => tag.trim() === etagOf(member)))
    return;
  throw fail('conflict', 'Somebody else has changed this member. Look at it again.', {
    members: {
      current: toWire(member),
      diff: [{ field: 'role', base: null, current: member.role, yours: role ?? null }],
    },
  });
}

async function keepAnOwner(trx: Trx, member: Member): Promise<void> {
  if (member.role !== 'owner') return;
  const owners = await lockOwners(trx);
  if (owners.every((id) => id === member.userId)) {
    throw failAccount('last_owner', 'This is the only owner. Make somebody else an owner first.');
  }
}

function toWire(member: Member): MemberWire {
  const { userId, email, role, operator, createdAt } = member;
  return { user_id: userId, email, role, operator, created_at: createdAt.toISOString(), etag: etagOf(member) };
}

async function note(
  { audit }: MemberDeps,
  trx: Trx,
  caller: Caller,
  action: string,
  subject: string,
  details: Record<string, unknown>,
): Promise<void> {
  await audit.record(trx, { tenantId: caller.tenantId, actor: { name: caller.email }, action, subject, details });
}
