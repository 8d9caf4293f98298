/** What crosses the wire about vendor credentials. Secrets go in and never come out. */
import { z } from 'zod';
import { timeSchema } from '../../http/shapes.ts';

export const CREDENTIAL_ERRORS = {
  credential_not_found: { status: 404, title: 'No credential of its own' },
} as const;

export const credentialSourceSchema = z.enum(['tenant', 'environment']);

/** A vendor's secret as people paste it: visible ASCII, without the blanks around it. */
const secretSchema = z
  .string()
  .trim()
  .min(8, 'is too short to be a secret of this vendor')
  .max(512)
  .regex(/^[\x21-\x7e]+$/, 'must not contain blanks or special characters');

export const vapiCredentialBodySchema = z.strictObject({ api_key: secretSchema }).meta({ id: 'VapiCredentialRequest' });

/** Both or neither: a half-filled pair is refused, naming the missing field. */
export const twilioCredentialBodySchema = z
  .strictObject({
    account_sid: z
      .string()
      .trim()
      .regex(/^AC[0-9a-fA-F]{32}$/, 'must be AC followed by 32 hexadecimal digits'),
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

export const tenantParamsSchema = z.object({ id: z.uuid() });
export const environmentBodySchema = z.strictObject({ granted: z.boolean() }).meta({ id: 'EnvironmentGrantRequest' });
export const environmentSchema = z
  .object({ tenant_id: z.uuid(), granted: z.boolean() })
  .meta({ id: 'EnvironmentGrant' });

export type VapiCredentialWire = z.output<typeof vapiCredentialSchema>;
export type TwilioCredentialWire = z.output<typeof twilioCredentialSchema>;
