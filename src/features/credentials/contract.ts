/** What crosses the wire about vendor credentials. Secrets go in and never come out. */
import { z } from 'zod';
import { timeSchema } from '../../http/shapes.ts';

export const CREDENTIAL_ERRORS = {
  credential_not_found: { status: 404, title: 'No credential of its own' },
  webhook_secret_in_use: { status: 409, title: 'The secret is in use' },
} as const;

export const credentialSourceSchema = z.enum(['tenant', 'environment']);

/** A vendor's secret as people paste it: visible ASCII, without the blanks around it. */
const secretSchema = z
  .string()
  .trim()
  .min(8, 'is too short to be a secret of this vendor')
  .max(512)
  .regex(/^[\x21-\x7e]+$/, 'must not contain blanks or special characters');

const accountSidSchema = z
  .string()
  .trim()
  .regex(/^AC[0-9a-fA-F]{32}$/, 'must be AC followed by 32 hexadecimal digits');

export const vapiCredentialBodySchema = z.strictObject({ api_key: secretSchema }).meta({ id: 'VapiCredentialRequest' });

/** Both or neither: a half-filled pair is refused, naming the missing field. */
export const twilioCredentialBodySchema = z
  .strictObject({
    account_sid: accountSidSchema,
    auth_token: secretSchema,
  })
  .meta({ id: 'TwilioCredentialRequest' });

const status = {
  configured: z.boolean(),
  /** `environment`: shared by the operator; null when nothing is configured. */
  source: credentialSourceSchema.nullable(),
  last4: z.string().nullable(),
  /** Null for credentials of the environment. */
  updated_at: timeSchema.nullable(),
};

export const vapiCredentialSchema = z.object(status).meta({ id: 'VapiCredential' });
export const twilioCredentialSchema = z
  .object({ ...status, account_sid: z.string().nullable() })
  .meta({ id: 'TwilioCredential' });

/** Without fields the stored credential is tested. Nothing of it is kept. */
export const vapiCredentialTestSchema = z
  .strictObject({ api_key: secretSchema.optional() })
  .meta({ id: 'VapiCredentialTestRequest' });
export const twilioCredentialTestSchema = z
  .strictObject({ account_sid: accountSidSchema.optional(), auth_token: secretSchema.optional() })
  .refine((body) => (body.account_sid === undefined) === (body.auth_token === undefined), {
    error: 'goes together with account_sid',
    path: ['auth_token'],
  })
  .meta({ id: 'TwilioCredentialTestRequest' });

export const credentialTestSchema = z
  .object({
    /** Whether the vendor took the credential. False also where nobody could tell. */
    works: z.boolean(),
    outcome: z.enum(['accepted', 'rejected', 'not_configured', 'not_reached', 'stub']),
    /** `given`: that of the request; null where there was none. */
    source: z.enum(['given', 'tenant', 'environment']).nullable(),
    message: z.string(),
    /** True where stub mode kept AVA from asking. */
    stub: z.boolean(),
  })
  .meta({ id: 'CredentialTest' });

/** Never the secret itself. */
export const webhookSecretSchema = z
  .object({
    id: z.uuid(),
    created_at: timeSchema,
    /** Null for the one in use; an earlier one counts until then. */
    expires_at: timeSchema.nullable(),
  })
  .meta({ id: 'WebhookSecret' });
export const webhookSecretListSchema = z
  .object({ webhook_secrets: z.array(webhookSecretSchema), next_cursor: z.null() })
  .meta({ id: 'WebhookSecretList' });
export const webhookSecretParamsSchema = z.object({ id: z.uuid() });
export const webhookSecretRotationBodySchema = z
  .strictObject({ overlap_minutes: z.int().min(15).max(10_080).default(1_440) })
  .meta({ id: 'WebhookSecretRotationRequest' });
export const webhookSecretRotationSchema = z
  .object({
    webhook_secret: webhookSecretSchema,
    /** Shown this once, for whoever signs webhooks by a credential of their own at Vapi. */
    value: z.string(),
    /** How many assistants got it at Vapi; null while Vapi cannot be asked: AVA goes on trying. */
    assistants_updated: z.int().nullable(),
  })
  .meta({ id: 'WebhookSecretRotation' });

export const tenantParamsSchema = z.object({ id: z.uuid() });
export const environmentBodySchema = z.strictObject({ granted: z.boolean() }).meta({ id: 'EnvironmentGrantRequest' });
export const environmentSchema = z
  .object({ tenant_id: z.uuid(), granted: z.boolean() })
  .meta({ id: 'EnvironmentGrant' });

export type CredentialTestWire = z.output<typeof credentialTestSchema>;
export type VapiCredentialWire = z.output<typeof vapiCredentialSchema>;
export type TwilioCredentialWire = z.output<typeof twilioCredentialSchema>;
