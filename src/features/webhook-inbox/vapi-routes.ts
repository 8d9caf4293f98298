import type { FastifyRequest } from 'fastify';
import type { Clock } from '../../clock.ts';
import { z } from 'zod';
import type { App } from '../../http/app-type.ts';
import { WEBHOOK_REFUSALS } from '../../http/shapes.ts';
import { readVapiMessage, type VapiMessage } from '../../providers/vapi/webhook.ts';
import type { Answers } from './answers.ts';
import type { IncomingEvent } from './event.ts';
import { jsonBody } from './provider-scope.ts';
import { refuseBody } from './vapi-gate.ts';
import type { WebhookInbox } from './webhook-inbox.ts';

export type VapiRoutesDeps = {
  clock: Clock;
  inbox: Pick<WebhookInbox, 'keep' | 'quarantine' | 'count'>;
  answers: Answers;
  /** Throws `forbidden` for a request that carries no tenant's secret. */
  gate(request: FastifyRequest): Promise<void>;
  /** The tenant that owns what the message is about; undefined when nobody knows. */
  ownerOf(message: { assistantId: string | null; phoneNumberId: string | null }): Promise<string | undefined>;
};

// An answer has the form that Vapi asks for each kind of message.
const response = { 200: z.unknown(), 204: z.null(), ...WEBHOOK_REFUSALS };

/** Vapi's messages: an answer where one is needed now, and everything else kept for later. */
export function vapiRoutes(app: App, deps: VapiRoutesDeps): void {
  const schema = { tags: ['webhooks'], summary: "Vapi's messages about its calls, and its questions", response };
  app.post('/vapi', { preValidation: deps.gate, schema }, async (request, reply) => {
    const body = jsonBody(request);
    const receivedAt = deps.clock.now();
    const message = readVapiMessage(body, receivedAt);
    if (message === undefined) throw refuseBody();
    if (message.isChatter) {
      deps.inbox.count('vapi', message.type, 'ignored');
      return reply.code(204).send(null);
    }
    if (await isOfAnother(deps, request.vapiTenant, message)) {
      await deps.inbox.quarantine({
        ...eventOf(request, message, receivedAt),
        reason: 'it is about an assistant or a number of another tenant',
      });
      return reply.code(204).send(null);
    }
    const [answer] = await Promise.all([
      deps.answers.answer(request.vapiTenant, message, body),
      deps.inbox.keep(eventOf(request, message, receivedAt), isQuestion(message) ? 'urgent' : undefined),
    ]);
    return answer === undefined
      ? reply.code(204).send(null)
      : reply.type('application/json').send(JSON.stringify(answer));
  });
}

/** A caller waits for the answer, so it must not stand in a line of news. */
function isQuestion({ type }: VapiMessage): boolean {
  return type === 'assistant-request' || type === 'tool-calls' || type.endsWith('-destination-request');
}

async function isOfAnother(deps: VapiRoutesDeps, tenantId: string, message: VapiMessage): Promise<boolean> {
  const owner = await deps.ownerOf(message);
  return owner !== undefined && owner !== tenantId;
}

function eventOf(request: FastifyRequest, message: VapiMessage, receivedAt: Date): IncomingEvent {
  return {
    tenantId: request.vapiTenant,
    vendor: 'vapi',
    type: message.type.slice(0, 60),
    dedupeKey: message.dedupeKey,
    kept: { name: message.name, at: message.at.toISOString(), message: message.kept },
    vapiCallId: message.vapiCallId,
    twilioCallSid: message.twilioCallSid,
    correlationId: request.id,
    receivedAt,
  };
}
