import type { App } from '../../http/app-type.ts';
import { type Actor, actorOf } from '../../http/caller.ts';
import { REFUSALS } from '../../http/shapes.ts';
import { emailTestBodySchema, emailTestSchema } from './contract.ts';
import type { Messaging } from './messaging.ts';

export type MessagingRouteDeps = {
  messaging: Messaging;
  record: (actor: Actor, action: string, subject: string, details: object) => Promise<void>;
};

export function messagingRoutes(app: App, deps: MessagingRouteDeps): void {
  testEmail(app, deps);
}

function testEmail(app: App, { messaging, record }: MessagingRouteDeps): void {
  const schema = {
    tags: ['integrations'],
    summary: 'Send a test e-mail',
    body: emailTestBodySchema,
    response: { ...REFUSALS, 200: emailTestSchema },
  };
  const config = { access: 'editor', limitGroup: 'email-test', limitPerMinute: 5, idempotent: true } as const;
  app.post('/integrations/email/test', { schema, config }, async (request) => {
    const answer = await messaging.testEmail(request.body, { isVerification: request.caller.synthetic });
    const { delivered, stub, provider } = answer;
    await record(actorOf(request), 'email.tested', request.body.to, { delivered, stub, provider });
    return answer;
  });
}
