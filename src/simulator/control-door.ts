import type { AddressInfo } from 'node:net';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Control, Outage } from './strings.ts';
import { type Fault, faultKinds } from './faults.ts';
import type { LedgerFilter } from './ledger.ts';
import type { DayOrder, Script } from './stories.ts';
import type { CallOrder, TextOrder } from './telephony/call.ts';
import type { Person } from './telephony/people.ts';
import { isVendor, vendors } from './vendors.ts';
import type { WebhookTrouble } from './vapi/webhooks.ts';

type Options = { host: string; port: number; control: Control; env(): Record<string, string> };

/** The control API over HTTP: what `ava simulate` and the dashboard's buttons talk to. */
export async function openControlDoor({ host, port, control, env }: Options) {
  const app = Fastify({ forceCloseConnections: true });
  app.setErrorHandler((error, _request, reply) => reply.code(400).send({ error: (error as Error).message }));
  controlRoutes(app, control, env);
  await app.listen({ host, port });
  const bound = (app.server.address() as AddressInfo).port;
  return { url: `http://${host}:${bound}`, close: () => app.close() };
}

function controlRoutes(app: FastifyInstance, control: Control, env: () => Record<string, string>): void {
  app.get('/control/status', () => control.status());
  app.get('/control/env', () => env());

  app.get('/control/faults', () => ({ faults: control.faults() }));
  app.post('/control/faults', (request, reply) => {
    return reply.code(201).send({ id: control.addFault(faultOf(request.body)) });
  });
  app.delete('/control/faults', (request) => {
    const { vendor } = request.query as { vendor?: string };
    if (vendor === undefined) control.clearFaults();
    else control.clearFaults(vendorOf(vendor));
    return { faults: control.faults() };
  });
  app.delete('/control/faults/:id', (request) => {
    control.removeFault((request.params as { id: string }).id);
    return { faults: control.faults() };
  });
  app.post('/control/outages', (request, reply) => {
    const outage = request.body as Outage;
    vendorOf(outage.vendor);
    if (outage.kind !== undefined) kindOf(outage.kind);
    return reply.code(201).send({ id: control.outage(outage) });
  });
  app.delete('/control/outages/:vendor', (request) => {
    control.restore(vendorOf((request.params as { vendor: string }).vendor));
    return { faults: control.faults() };
  });

  app.get('/control/requests', (request) => {
    const { vendor, operation, since } = request.query as Record<string, string>;
    const filter: LedgerFilter = {
      ...(vendor && { vendor: vendorOf(vendor) }),
      ...(operation && { operation }),
      ...(since && { sinceSequence: Number(since) }),
    };
    return { count: control.countRequests(filter), requests: control.requests(filter) };
  });
  app.delete('/control/requests', () => {
    control.clearRequests();
    return { count: 0 };
  });

  app.post('/control/vapi/orgs', (request, reply) => {
    const { id, name, apiKey } = control.addVapiOrg((request.body ?? {}) as object);
    return reply.code(201).send({ id, name, apiKey });
  });
  app.post('/control/twilio/accounts', (request, reply) => {
    const { sid, authToken, numbers } = control.addTwilioAccount((request.body ?? {}) as object);
    return reply.code(201).send({ sid, authToken, numbers: numbers.all() });
  });
  app.put('/control/vapi/webhooks', (request) => {
    control.troubleWebhooks((request.body ?? {}) as WebhookTrouble);
    return { ok: true };
  });

  app.post('/control/calls', (request, reply) => {
    const call = control.placeCall(callOf(control, request.body));
    if ((request.query as { wait?: string }).wait !== 'false') return call;
    // How it went stands in the list of calls.
    call.catch(() => {});
    return reply.code(202).send({ started: true });
  });
  app.get('/control/calls', () => ({ calls: control.callResults() }));
  app.post('/control/texts', (request) => control.sendText(request.body as TextOrder));
  app.put('/control/people/:phoneNumber', (request) => {
    const { phoneNumber } = request.params as { phoneNumber: string };
    control.setPerson(phoneNumber, request.body as Person);
    return { ok: true };
  });
  app.get('/control/numbers', () => ({ numbers: control.numbers() }));

  app.post('/control/days', (request, reply) => reply.code(202).send(control.startDay(request.body as DayOrder)));
  app.get('/control/days', () => ({ days: control.days() }));
  app.get('/control/days/:id', (request) => runOf(control.days(), request.params));
  app.post('/control/scripts', (request, reply) => reply.code(202).send(control.startScript(request.body as Script)));
  app.get('/control/scripts/:id', (request) => runOf(control.scripts(), request.params));
  app.put('/control/speed', (request) => {
    control.setSpeed(Number((request.body as { speed?: unknown }).speed));
    return { speed: control.status().speed };
  });

  const { mailbox, resend, slack, pagerduty, google, microsoft } = control.inboxes;
  app.get('/control/inboxes/mail', () => ({ mails: mailbox.mails }));
  app.get('/control/inboxes/resend', () => ({ mails: resend.mails }));
  app.get('/control/inboxes/slack', () => ({ messages: slack.messages }));
  app.get('/control/inboxes/pagerduty', () => ({ alerts: pagerduty.alerts }));
  app.get('/control/inboxes/google', () => ({ events: google.events }));
  app.get('/control/inboxes/microsoft', () => ({ events: microsoft.events }));
}

function runOf<T extends { id: string }>(runs: T[], params: unknown): T {
  const run = runs.find(({ id }) => id === (params as { id: string }).id);
  if (!run) throw new Error('There is no such run');
  return run;
}

/** Without a number the first is rung that can ring. */
function callOf(control: Control, body: unknown): CallOrder {
  const order = (body ?? {}) as Partial<CallOrder>;
  const to = order.to ?? control.numbers()[0];
  if (!to) throw new Error('No number has a voice URL yet; name one in `to`');
  return { ...order, to };
}

function faultOf(body: unknown): Fault {
  const fault = body as Fault;
  vendorOf(fault?.vendor);
  kindOf(fault.kind);
  return fault;
}

function vendorOf(name: string) {
  if (!isVendor(name)) throw new Error(`vendor must be one of ${vendors.join(', ')}`);
  return name;
}

function kindOf(kind: string) {
  if (!(faultKinds as readonly string[]).includes(kind))
    throw new Error(`kind must be one of ${faultKinds.join(', ')}`);
}
