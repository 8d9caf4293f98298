import type { App } from '../../http/app-type.ts';
import { type Actor, actorOf } from '../../http/caller.ts';
import { REFUSALS } from '../../http/shapes.ts';
import { emailTestBodySchema, emailTestSchema, sentMessageListSchema, sentMessageQuerySchema } from './contract.ts';
import type { Messaging } from './messaging.ts';
import type { SentMessages } from './sent-messages.ts';

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

/** What left the house, for whoever may read calls. */
export function sentMessageRoutes(app: App, { sentMessages }: { sentMessages: SentMessages }): void {
  const config = { access: 'viewer', limitGroup: 'messages' } as const;
  const response = { 200: sentMessageListSchema, ...REFUSALS };
  const all = {
    tags: ['messages'],
    summary: 'E-mails and text messages that AVA sent of its own accord, newest first, and how each stands',
    querystring: sentMessageQuerySchema,
    response,
  };
  app.get('/messages', { config, schema: all }, async (request) => {
    const found = await sentMessages.list(request.caller.tenantId, request.query);
    return { messages: found.messages, next_cursor: found.nextCursor };
  });
  const texts = {
    tags: ['messages'],
    summary: 'Only the text messages, which leave by Twilio',
    querystring: sentMessageQuerySchema.omit({ channel: true }),
    response,
  };
  app.get('/twilio/messages', { config, schema: texts }, async (request) => {
    const found = await sentMessages.list(request.caller.tenantId, { ...request.query, channel: 'sms' });
    return { messages: found.messages, next_cursor: found.nextCursor };
  });
}
