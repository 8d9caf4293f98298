import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { App } from '../../http/app-type.ts';
import { WEBHOOK_REFUSALS } from '../../http/shapes.ts';
import { renderTwiml } from '../../providers/twilio/twiml.ts';
import type { TwilioDoor } from './door.ts';
import type { Answer, InboundCalls } from './inbound-calls.ts';

export type TwilioRoutesDeps = {
  inbound: InboundCalls;
  door: TwilioDoor;
  /** Throws `forbidden` for a request that Twilio has not signed. */
  gate(request: FastifyRequest): Promise<void>;
};

const tags = ['webhooks'];
/** TwiML. */
const spoken = { 200: z.string(), ...WEBHOOK_REFUSALS };

type Step = (app: App, deps: TwilioRoutesDeps) => void;

/** What Twilio asks while a telephone call goes on. All of it is signed; on the way of a caller nothing answers an error. */
export function twilioRoutes(app: App, deps: TwilioRoutesDeps): void {
  for (const step of [voice, fallbackUrl, after, whisper, status, sms] satisfies Step[]) step(app, deps);
}

function voice(app: App, deps: TwilioRoutesDeps): void {
  callerDoor(app, deps, ['/twilio/voice', 'A number rings: who takes the call'], async (request) => {
    const answer = await deps.inbound.ring(request.twilio);
    await deps.door.note(request, { type: 'voice', answer });
    return answer;
  });
}

function fallbackUrl(app: App, deps: TwilioRoutesDeps): void {
  callerDoor(app, deps, ['/twilio/fallback', 'What Twilio asks when the first answer failed'], async (request) => {
    const answer = deps.inbound.fallbackUrl(request.twilio);
    await deps.door.note(request, { type: 'fallback', answer });
    return answer;
  });
}

function after(app: App, deps: TwilioRoutesDeps): void {
  callerDoor(app, deps, ['/twilio/after', 'What happens after a step of the call'], async (request) => {
    const { step = '', call = '', rung = '0' } = request.query as Record<string, string | undefined>;
    const answer = await nextStep(deps.inbound, request.twilio, { step, call, rung: Number(rung) || 0 });
    await deps.door.note(request, { type: `after:${step}`.slice(0, 40), step: `${rung}`, answer });
    return answer;
  });
}

async function nextStep(
  inbound: InboundCalls,
  params: Record<string, string>,
  { step, call, rung }: { step: string; call: string; rung: number },
): Promise<Answer> {
  if (step === 'ai') return await inbound.afterAssistant(params, call);
  if (step === 'transfer') return await inbound.afterTransfer(params);
  if (step === 'dial') return await inbound.afterDial(params, rung);
  if (step === 'voicemail') return await inbound.afterVoicemail(params);
  return inbound.rescue(params);
}

function whisper(app: App, { inbound, gate }: TwilioRoutesDeps): void {
  const failover = () => renderTwiml([]);
  const schema = { tags, summary: 'What a person who is rung hears before the caller', response: spoken };
  const options = { config: { failover }, preValidation: gate, schema };
  app.post('/twilio/whisper', options, async (request, reply) => {
    const { n } = request.query as { n?: string };
    return sendTwiml(reply, inbound.whisper(request.twilio, n));
  });
}

/** Progress of a call, and recordings. The vendor repeats it when we say that it is not kept. */
function status(app: App, { door, gate }: TwilioRoutesDeps): void {
  const response = { 204: z.null(), ...WEBHOOK_REFUSALS };
  const schema = { tags, summary: 'Progress of a call, and recordings that are ready', response };
  app.post('/twilio/status', { preValidation: gate, schema }, async (request, reply) => {
    const { kind } = request.query as { kind?: string };
    const type =
      kind === 'recording' ? 'recording' : `status:${request.twilio['CallStatus'] ?? 'unknown'}`.slice(0, 40);
    await door.keep(request, { type });
    return reply.code(204).send(null);
  });
}

function sms(app: App, { door, gate }: TwilioRoutesDeps): void {
  const schema = { tags, summary: 'A text message that came in', response: spoken };
  app.post('/twilio/sms', { preValidation: gate, schema }, async (request, reply) => {
    await door.keep(request, { type: 'sms' });
    return sendTwiml(reply, renderTwiml([]));
  });
}

/** A door behind which somebody waits on the telephone. Numbers may be set to call it by POST or by GET. */
function callerDoor(
  app: App,
  deps: TwilioRoutesDeps,
  [url, summary]: readonly [url: string, summary: string],
  answer: (request: FastifyRequest) => Promise<Answer>,
): void {
  const failover = (request: FastifyRequest, error: unknown) => deps.inbound.rescue(request.twilio, error).twiml;
  app.route({
    method: ['POST', 'GET'],
    url,
    config: { failover },
    schema: { tags, summary, response: spoken },
    preValidation: deps.gate,
    handler: async (request, reply) => sendTwiml(reply, (await answer(request)).twiml),
  });
}

function sendTwiml(reply: FastifyReply, twiml: string): FastifyReply {
  return reply.type('text/xml; charset=utf-8').header('Cache-Control', 'no-store').send(twiml);
}
