import type { App } from '../../http/app-type.ts';
import { REFUSALS } from '../../http/shapes.ts';
import { credentialTestSchema, twilioCredentialTestSchema, vapiCredentialTestSchema } from './contract.ts';
import type { CredentialTester } from './credential-test.ts';

export function credentialTestRoutes(app: App, deps: { credentialTester: CredentialTester }): void {
  testVapi(app, deps);
  testTwilio(app, deps);
}

type Deps = { credentialTester: CredentialTester };

/** Whoever may set a credential may try one, but not many in a row. */
const limited = { access: 'admin', limitPerMinute: 5 } as const;
const response = { 200: credentialTestSchema, ...REFUSALS };

function testVapi(app: App, { credentialTester }: Deps): void {
  const schema = {
    tags: ['vapi'],
    summary: 'Ask Vapi whether it accepts the stored API key, or the one given here; stores nothing',
    body: vapiCredentialTestSchema,
    response,
  };
  app.post(
    '/vapi/credentials/test',
    { config: { ...limited, limitGroup: 'vapi-credential-test' }, schema },
    async ({ body, caller }) => {
      const given = body.api_key === undefined ? undefined : ({ vendor: 'vapi', apiKey: body.api_key } as const);
      return credentialTester.test(caller.tenantId, 'vapi', given);
    },
  );
}

function testTwilio(app: App, { credentialTester }: Deps): void {
  const schema = {
    tags: ['twilio'],
    summary: 'Ask Twilio whether it accepts the stored account, or the one given here; stores nothing',
    body: twilioCredentialTestSchema,
    response,
  };
  app.post(
    '/twilio/credentials/test',
    { config: { ...limited, limitGroup: 'twilio-credential-test' }, schema },
    async ({ body, caller }) => {
      const { account_sid: accountSid, auth_token: authToken } = body;
      const given = accountSid && authToken ? ({ vendor: 'twilio', accountSid, authToken } as const) : undefined;
      return credentialTester.test(caller.tenantId, 'twilio', given);
    },
  );
}
