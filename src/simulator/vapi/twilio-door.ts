import type { FastifyInstance, FastifyRequest } from 'fastify';
import { refusal } from './errors.ts';
import { monitorOf } from './place-call.ts';
import type { Org, Stored } from './store.ts';
import { openStream } from './streams.ts';
import type { VapiTwin } from './twin.ts';

/** Where an imported number rings: Twilio asks here what to do with the caller. */
export function twilioDoorRoutes(app: FastifyInstance, twin: VapiTwin): void {
  app.post('/twilio/inbound_call', async (request, reply) => {
    const form = request.body as Record<string, string>;
    const { org, number } = numberOf(twin, request);
    if (form.CallStatus !== 'ringing') throw refusal(400, 'The call is not in ringing state.');
    const call = addInboundCall(twin, { org, number, form });
    twin.onRinging({ org, call });
    return reply.type('text/xml').send(await answerFor(twin, { org, number, call }));
  });
  app.post('/twilio/status', (_request, reply) => reply.code(204).send());
  app.post('/twilio/sms', (_request, reply) => reply.type('text/xml').send('<Response/>'));
}

type Inbound = { org: Org; number: Stored; call: Stored };

async function answerFor(twin: VapiTwin, { org, number, call }: Inbound): Promise<string> {
  if (typeof number.assistantId === 'string') return openStream(twin, org, call).twiml;
  return await twin.askForAssistant({ org, number, call });
}

function addInboundCall(twin: VapiTwin, given: { org: Org; number: Stored; form: Record<string, string> }): Stored {
  const { org, number, form } = given;
  return org.calls.add({
    type: 'inboundPhoneCall',
    status: 'ringing',
    phoneCallProvider: 'twilio',
    phoneCallTransport: 'pstn',
    phoneCallProviderId: form.CallSid,
    phoneNumberId: number.id,
    customer: { number: form.From },
    transport: { provider: 'twilio', accountSid: form.AccountSid, callSid: form.CallSid },
    monitor: monitorOf(twin),
    ...(typeof number.assistantId === 'string' && { assistantId: number.assistantId }),
  });
}

function numberOf(twin: VapiTwin, request: FastifyRequest): { org: Org; number: Stored } {
  const { To, AccountSid } = request.body as Record<string, string>;
  for (const org of twin.orgs) {
    const number = org.phoneNumbers.all().find((one) => one.number === To && one.twilioAccountSid === AccountSid);
    if (number) return { org, number };
  }
  throw refusal(404, `No phone number ${To}`);
}
