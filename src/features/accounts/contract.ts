/** What crosses the wire about people: sign-in, sessions, members and their roles. */
import { z } from 'zod';
import { REFUSALS, timeSchema } from '../../http/shapes.ts';

export const ACCOUNT_ERRORS = {
  sign_in_failed: { status: 401, title: 'E-mail or password is wrong' },
  sign_in_throttled: { status: 429, title: 'Too many attempts to sign in' },
  password_wrong: { status: 422, title: 'The current password is wrong' },
  last_owner: { status: 409, title: 'A tenant keeps at least one owner' },
  already_member: { status: 409, title: 'Already a member' },
  user_exists: { status: 409, title: 'There is a user with this e-mail' },
} as const;

/** Least first. */
export const roleSchema = z.enum(['viewer', 'editor', 'admin', 'owner']).meta({ id: 'Role' });

const emailSchema = z.string().trim().max(254).pipe(z.email());
/** Long rather than complicated; the upper bound keeps hashing cheap. */
export const newPasswordSchema = z.string().min(10).max(200);
const givenPasswordSchema = z.string().min(1).max(200);
const refreshTokenSchema = z.string().min(1).max(512);
const tokenDeliverySchema = z.enum(['cookie', 'body']);

export const tenantSchema = z.object({ id: z.uuid(), name: z.string() }).meta({ id: 'Tenant' });
export const membershipSchema = z
  .object({ id: z.uuid(), name: z.string(), role: roleSchema })
  .meta({ id: 'Membership' });
export const userSchema = z.object({ id: z.uuid(), email: z.string(), operator: z.boolean() }).meta({ id: 'User' });

export const loginBodySchema = z
  .strictObject({
    email: z.string().min(1).max(254),
    password: givenPasswordSchema,
    tenant_id: z.uuid().optional(),
    /** `body` puts the refresh token in the answer instead of the cookie; for clients that are not browsers. */
    token_delivery: tokenDeliverySchema.optional(),
  })
  .meta({ id: 'LoginRequest' });

/** Without `refresh_token` the cookie is used. `tenant_id` keeps a tab on its own tenant. */
export const refreshBodySchema = z
  .strictObject({ refresh_token: refreshTokenSchema.optional(), tenant_id: z.uuid().optional() })
  .nullish()
  .meta({ id: 'RefreshRequest' });

export const logoutBodySchema = z
  .strictObject({ refresh_token: refreshTokenSchema.optional() })
  .nullish()
  .meta({ id: 'LogoutRequest' });

export const switchTenantBodySchema = z.strictObject({ tenant_id: z.uuid() }).meta({ id: 'SwitchTenantRequest' });

export const changePasswordBodySchema = z
  .strictObject({ current_password: givenPasswordSchema, new_password: newPasswordSchema })
  .meta({ id: 'ChangePasswordRequest' });

/** Answer of login, refresh and switch-tenant. */
export const sessionSchema = z
  .object({
    access_token: z.string(),
    token_type: z.literal('Bearer'),
    /** Seconds. */
    expires_in: z.number().int(),
    refresh_token: z.string().optional(),
    user: userSchema,
    tenant: tenantSchema,
    role: roleSchema,
    tenants: z.array(membershipSchema),
  })
  .meta({ id: 'Session' });

export const meSchema = z
  .object({ user: userSchema, tenant: tenantSchema, role: roleSchema, tenants: z.array(membershipSchema) })
  .meta({ id: 'Me' });

/** The other sessions of this person end when the password changes; this one stays. */
export const passwordChangedSchema = z.object({ sessions_ended: z.number().int() }).meta({ id: 'PasswordChanged' });

export const memberSchema = z
  .object({
    user_id: z.uuid(),
    email: z.string(),
    role: roleSchema,
    operator: z.boolean(),
    created_at: timeSchema,
    etag: z.string(),
  })
  .meta({ id: 'Member' });

export const memberListSchema = z
  .object({ members: z.array(memberSchema), next_cursor: z.string().nullable() })
  .meta({ id: 'MemberList' });

/** `password` is needed when nobody has this e-mail yet; an existing person keeps theirs. */
export const addMemberBodySchema = z
  .strictObject({ email: emailSchema, role: roleSchema, password: newPasswordSchema.optional() })
  .meta({ id: 'AddMemberRequest' });

export const changeMemberBodySchema = z.strictObject({ role: roleSchema }).meta({ id: 'ChangeMemberRequest' });
export const memberParamsSchema = z.object({ user_id: z.uuid() });
export const memberAnswerSchema = z.object({ member: memberSchema }).meta({ id: 'MemberAnswer' });

/** What the public doors of this room may answer beside success. */
export const SIGN_IN_REFUSALS = REFUSALS;

export type SessionWire = z.output<typeof sessionSchema>;
export type MeWire = z.output<typeof meSchema>;
export type MemberWire = z.output<typeof memberSchema>;
