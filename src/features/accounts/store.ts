import { type Kysely, sql, type Transaction } from 'kysely';
import type { Schema } from '../../db/schema.ts';
import type { Role } from '../../http/caller.ts';

type Db = Kysely<Schema>;
type Trx = Transaction<Schema>;

export type User = { id: string; email: string; operator: boolean };
export type UserWithPassword = User & { passwordHash: string };
export type Membership = { id: string; name: string; role: Role };

/** A session as the guard of every private route needs it. */
export type ActiveSession = {
  userId: string;
  email: string;
  operator: boolean;
  role: Role;
  synthetic: boolean;
  expiresAtMs: number;
};

export type SessionRow = {
  id: string;
  userId: string;
  chosenTenant: string | null;
  seed: Buffer | null;
  generation: number;
  rotatedAt: Date;
  createdAt: Date;
  expiresAt: Date;
  revokedAt: Date | null;
};

/** The session in one tenant, unless it was revoked or the person is no member there. */
export async function findActiveSession(
  db: Db,
  sessionId: string,
  tenantId: string,
): Promise<ActiveSession | undefined> {
  const { rows } = await sql<ActiveRow>`
    select u.id, u.email, u.operator, m.role, t.synthetic, s.expires_at
    from sessions s
      join users u on u.id = s.user_id
      cross join lateral memberships_of(u.id) m
      join tenants t on t.id = m.tenant_id
    where s.id = ${sessionId}::uuid and m.tenant_id = ${tenantId}::uuid and s.revoked_at is null`.execute(db);
  const row = rows[0];
  if (!row) return undefined;
  const { id: userId, email, operator, role, synthetic } = row;
  return { userId, email, operator, role, synthetic, expiresAtMs: row.expires_at.getTime() };
}

type ActiveRow = User & { role: Role; synthetic: boolean; expires_at: Date };

export async function findUserByEmail(db: Db, email: string): Promise<UserWithPassword | undefined> {
  const row = await users(db)
    .where(sql`lower(email)`, '=', email.trim().toLowerCase())
    .executeTakeFirst();
  return row && { ...row, passwordHash: row.password_hash };
}

export async function findUser(db: Db, userId: string): Promise<UserWithPassword | undefined> {
  const row = await users(db).where('id', '=', userId).executeTakeFirst();
  return row && { ...row, passwordHash: row.password_hash };
}

function users(db: Db) {
  return db.selectFrom('users').select(['id', 'email', 'operator', 'password_hash']);
}

export async function insertUser(trx: Trx, user: Omit<UserWithPassword, 'id'>): Promise<User | undefined> {
  return trx
    .insertInto('users')
    .values({ email: user.email, operator: user.operator, password_hash: user.passwordHash })
    .onConflict((conflict) => conflict.doNothing())
    .returning(['id', 'email', 'operator'])
    .executeTakeFirst();
}

export async function setPassword(db: Db, userId: string, passwordHash: string): Promise<void> {
  await db.updateTable('users').set({ password_hash: passwordHash }).where('id', '=', userId).execute();
}

/** The tenants that the person is a member of, the oldest membership first. */
export async function listMemberships(db: Db, userId: string): Promise<Membership[]> {
  // One look for each: the database takes a function for a thousand rows, and for so many it would read all tenants.
  const { rows } = await sql<Membership>`
    select t.id, t.name, m.role from memberships_of(${userId}::uuid) with ordinality m (tenant_id, role, place)
    cross join lateral (select id, name from tenants where id = m.tenant_id limit 1) t order by m.place`.execute(db);
  return rows;
}

/** Whether the account was signed in from that address before. */
export async function knowsAddress(db: Db, userId: string | undefined, addressHash: Buffer): Promise<boolean> {
  const row = await db
    .selectFrom('sessions')
    .select('id')
    .where('user_id', '=', userId ?? NOBODY)
    .where('address_hash', '=', addressHash)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

// People who do not exist cost the same query.
const NOBODY = '00000000-0000-0000-0000-000000000000';

export type NewSession = {
  userId: string;
  tenantId: string;
  seed: Buffer | null;
  now: Date;
  expiresAt: Date;
  addressHash: Buffer | null;
};

export async function insertSession(trx: Trx, session: NewSession): Promise<string> {
  const { id } = await trx
    .insertInto('sessions')
    .values({
      user_id: session.userId,
      chosen_tenant: session.tenantId,
      seed: session.seed,
      rotated_at: session.now,
      created_at: session.now,
      expires_at: session.expiresAt,
      address_hash: session.addressHash,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}

export async function findSession(db: Db, sessionId: string): Promise<SessionRow | undefined> {
  const row = await db.selectFrom('sessions').selectAll().where('id', '=', sessionId).executeTakeFirst();
  return (
    row && {
      id: row.id,
      userId: row.user_id,
      chosenTenant: row.chosen_tenant,
      seed: row.seed,
      generation: row.generation,
      rotatedAt: row.rotated_at,
      createdAt: row.created_at,
      expiresAt: row.expires_at,
      revokedAt: row.revoked_at,
    }
  );
}

/** Moves the session to its next generation; false when somebody else has just done so, or it was revoked. */
export async function rotateSession(
  db: Db,
  session: SessionRow,
  times: { now: Date; expiresAt: Date },
): Promise<boolean> {
  const done = await db
    .updateTable('sessions')
    .set({ generation: session.generation + 1, rotated_at: times.now, expires_at: times.expiresAt })
    .where('id', '=', session.id)
    .where('generation', '=', session.generation)
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  return done.numUpdatedRows === 1n;
}

export async function chooseTenant(trx: Trx, sessionId: string, tenantId: string): Promise<void> {
  await trx.updateTable('sessions').set({ chosen_tenant: tenantId }).where('id', '=', sessionId).execute();
}

export type Revocation = { now: Date; because: string };

/** False when it was revoked before. */
export async function revokeSession(trx: Trx, sessionId: string, { now, because }: Revocation): Promise<boolean> {
  const done = await trx
    .updateTable('sessions')
    .set({ revoked_at: now, revoked_because: because })
    .where('id', '=', sessionId)
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  return done.numUpdatedRows === 1n;
}

/** Resolves to how many ended. */
export async function revokeOtherSessions(
  trx: Trx,
  userId: string,
  keep: string,
  { now, because }: Revocation,
): Promise<number> {
  const done = await trx
    .updateTable('sessions')
    .set({ revoked_at: now, revoked_because: because })
    .where('user_id', '=', userId)
    .where('id', '!=', keep)
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirst();
  return Number(done.numUpdatedRows);
}

/** Removes sessions that ended before that time. */
export async function deleteOldSessions(db: Db, before: Date): Promise<void> {
  await db.deleteFrom('sessions').where('expires_at', '<', before).execute();
}
