import { refusal } from './errors.ts';
import { isObject } from './rules.ts';
import type { Org, Stored } from './store.ts';
import { openStream } from './streams.ts';
import type { VapiTwin } from './twin.ts';

/** A bypass call that Twilio never connects is given up after this much story time, and never sooner on the wire. */
const BYPASS_WAIT_MS = 60_000;
const BYPASS_WAIT_ON_WIRE_MS = 2000;
const LIVE = new Set(['queued', 'ringing', 'in-progress', 'forwarding']);

/** Answers `POST /call`: one call, or with `customers` a batch. Throws Vapi's 400. */
export function placeCall(twin: VapiTwin, org: Org, body: Record<string, unknown>): unknown {
  checkAnswerer(org, body);
  if (Array.isArray(body.customers)) return placeBatch(twin, org, body);
  if (!body.customer && !body.customerId) throw refusal(400, ['customer should not be empty']);
  const call = placeOne(twin, org, body);
  return { ...call, subscriptionLimits: limitsOf(org) };
}

export function liveCalls(org: Org): number {
  return org.calls.all().filter((call) => LIVE.has(String(call.status))).length;
}

function placeBatch(twin: VapiTwin, org: Org, { customers, ...body }: Record<string, unknown>): unknown {
  const results: Stored[] = [];
  const errors: unknown[] = [];
  for (const customer of customers as unknown[]) {
    try {
      results.push(placeOne(twin, org, { ...body, customer }));
    } catch (error) {
      errors.push({ customer, error: (error as Error).message });
    }
  }
  return { results, errors, subscriptionLimits: limitsOf(org) };
}

function placeOne(twin: VapiTwin, org: Org, body: Record<string, unknown>): Stored {
  const number = phoneNumberOf(org, body);
  if (liveCalls(org) >= org.concurrencyLimit) {
    throw refusal(400, `Over Concurrency Limit. Your org has ${org.concurrencyLimit} slots and all are in use.`);
  }
  const { phoneCallProviderBypassEnabled: isBypass, ...fields } = body;
  if (isBypass) return placeBypass(twin, org, { fields, number });
  return placeOutbound(twin, org, { fields, number });
}

type Placement = { fields: Record<string, unknown>; number: Stored };

/** The caller is already on the line at Twilio; the answer holds the TwiML that connects it. */
function placeBypass(twin: VapiTwin, org: Org, { fields, number }: Placement): Stored {
  const call = org.calls.add({
    ...fields,
    type: 'inboundPhoneCall',
    status: 'queued',
    phoneCallProvider: 'twilio',
    phoneCallTransport: 'pstn',
    transport: { provider: 'twilio', accountSid: number.twilioAccountSid },
    monitor: monitorOf(twin),
  });
  const { twiml } = openStream(twin, org, call);
  twin.onRinging({ org, call });
  const { wire, scale } = twin.world.time;
  wire.setTimer(Math.max(BYPASS_WAIT_MS / scale(), BYPASS_WAIT_ON_WIRE_MS), () => {
    if (call.startedAt !== undefined || call.status === 'ended') return;
    twin.onAbandoned({ org, call }, 'phone-call-provider-bypass-enabled-but-no-call-received');
  });
  return { ...call, phoneCallProviderDetails: { twiml } };
}

function placeOutbound(twin: VapiTwin, org: Org, { fields, number }: Placement): Stored {
  const { customer, schedulePlan } = fields;
  const to = isObject(customer) ? String(customer.number ?? '') : '';
  if (!/^\+[1-9]\d{6,14}$/.test(to)) {
    throw refusal(400, ['customer.number must be a valid phone number in the E.164 format']);
  }
  const startsAt = isObject(schedulePlan) ? Date.parse(String(schedulePlan.earliestAt)) : undefined;
  const call = org.calls.add({
    ...fields,
    type: 'outboundPhoneCall',
    status: startsAt === undefined ? 'queued' : 'scheduled',
    phoneCallProvider: 'twilio',
    phoneCallTransport: 'pstn',
    transport: { provider: 'twilio', accountSid: number.twilioAccountSid },
    monitor: monitorOf(twin),
  });
  const accountSid = String(number.twilioAccountSid);
  const dial = () => twin.phones.dialOut({ org, callId: call.id, from: String(number.number), to, accountSid });
  const { story } = twin.world.time;
  if (startsAt === undefined) dial();
  else story.setTimer(Math.max(0, startsAt - story.now().getTime()), dial);
  return call;
}

export function monitorOf(twin: VapiTwin): unknown {
  const key = twin.random.hex(16);
  return { listenUrl: `${twin.url.replace('http', 'ws')}/listen/${key}`, controlUrl: `${twin.url}/control/${key}` };
}

function checkAnswerer(org: Org, body: Record<string, unknown>): void {
  const answerers = ['assistantId', 'assistant', 'squadId', 'squad', 'workflowId', 'workflow'];
  if (!answerers.some((name) => body[name])) {
    throw refusal(400, 'Need Either `assistantId`, `assistant`, `squadId`, `squad`, `workflowId`, Or `workflow`.');
  }
  const { assistantId } = body;
  if (typeof assistantId === 'string' && !org.assistants.find(assistantId)) {
    throw refusal(400, `Couldn't Get Assistant. ${assistantId} does not exist.`);
  }
}

function phoneNumberOf(org: Org, body: Record<string, unknown>): Stored {
  const { phoneNumberId, phoneNumber } = body;
  if (typeof phoneNumberId === 'string') {
    const number = org.phoneNumbers.find(phoneNumberId);
    if (!number) throw refusal(400, `Couldn't Get Phone Number. ${phoneNumberId} does not exist.`);
    return number;
  }
  if (!isObject(phoneNumber)) throw refusal(400, 'Need Either `phoneNumberId` Or `phoneNumber`.');
  const { twilioPhoneNumber, twilioAccountSid } = phoneNumber;
  return { id: '', orgId: org.id, createdAt: '', updatedAt: '', number: twilioPhoneNumber, twilioAccountSid };
}

function limitsOf(org: Org): unknown {
  const remainingConcurrentCalls = Math.max(0, org.concurrencyLimit - liveCalls(org));
  return {
    concurrencyBlocked: remainingConcurrentCalls === 0,
    concurrencyLimit: org.concurrencyLimit,
    remainingConcurrentCalls,
  };
}
