import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/simulator.ts';
import { signRequest } from '../../src/simulator/telephony/signature.ts';

export type Got = { path: string; form: Record<string, string>; headers: IncomingMessage['headers']; body: string };
type Reply = { status?: number; type?: string; body?: string; headers?: Record<string, string>; hang?: boolean };
type Answer = (got: Got) => Reply | Promise<Reply>;

/** A house that answers the vendors' webhooks, and remembers them; each path says what a test wants. */
export type House = {
  url: string;
  got: Got[];
  on(path: string, answer: Answer | string): void;
  at(path: string): Got[];
  close(): Promise<void>;
};

export async function openHouse(): Promise<House> {
  const got: Got[] = [];
  const answers = new Map<string, Answer>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    // oxlint-disable-next-line no-misused-promises
    request.on('end', async () => {
      const body = Buffer.concat(chunks).toString();
      const path = request.url?.split('?')[0] ?? '/';
      const form = Object.fromEntries(new URLSearchParams(body));
      const noted = { path, form, headers: request.headers, body };
      got.push(noted);
      const answer: Answer = answers.get(path) ?? (() => ({ status: 204 }));
      const reply = await answer(noted);
      if (reply.hang) return;
      response.writeHead(reply.status ?? 200, { 'content-type': reply.type ?? 'text/xml', ...reply.headers });
      response.end(reply.body ?? '');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    got,
    on: (path, answer) => void answers.set(path, typeof answer === 'string' ? () => ({ body: answer }) : answer),
    at: (path) => got.filter((one) => one.path === path),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export type Street = { simulator: Simulator; house: House; number: string; close(): Promise<void> };

/** A simulator whose first number asks the house what to do. The story runs 1,000 times faster. */
export async function openStreet(options: SimulatorOptions = {}): Promise<Street> {
  const [simulator, house] = await Promise.all([startSimulator({ timeScale: 1000, ...options }), openHouse()]);
  const number = simulator.twilio.numbers[0] ?? '';
  await point({ simulator, house, number }, { VoiceUrl: `${house.url}/voice`, StatusCallback: `${house.url}/status` });
  const close = async () => {
    await simulator.close();
    await house.close();
  };
  return { simulator, house, number, close };
}

export async function point({ simulator, number }: Omit<Street, 'close'>, fields: Record<string, string>) {
  const numbers = await twilio(simulator, 'GET', '/IncomingPhoneNumbers.json');
  const found = (numbers.incoming_phone_numbers as Record<string, string>[]).find((one) => one.phone_number === number);
  return await twilio(simulator, 'POST', `/IncomingPhoneNumbers/${found?.sid}.json`, fields);
}

export async function twilio(
  simulator: Simulator,
  method: string,
  path: string,
  form?: Record<string, string>,
): Promise<Record<string, unknown>> {
  const { baseUrl, accountSid, authToken } = simulator.twilio;
  const answer = await fetch(`${baseUrl}/2010-04-01/Accounts/${accountSid}${path}`, {
    method,
    headers: { authorization: `Basic ${btoa(`${accountSid}:${authToken}`)}` },
    ...(form && { body: new URLSearchParams(form) }),
  });
  return (await answer.json()) as Record<string, unknown>;
}

export async function vapi(simulator: Simulator, method: string, path: string, body?: unknown, patienceMs = 30_000) {
  const { baseUrl, apiKey } = simulator.vapi;
  const answer = await fetch(baseUrl + path, {
    method,
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    signal: AbortSignal.timeout(patienceMs),
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return (await answer.json()) as Record<string, unknown> & { id: string };
}

/** True when the request was signed by Twilio for this address. */
export function isSigned({ simulator }: Pick<Street, 'simulator'>, url: string, { form, headers }: Got): boolean {
  return headers['x-twilio-signature'] === signRequest(simulator.twilio.authToken, url, form);
}

/** Imports the number into Vapi and gives Twilio's webhook back to the house: the front door. */
export async function openFrontDoor({ simulator, house, number }: Omit<Street, 'close'>): Promise<void> {
  const { accountSid, authToken } = simulator.twilio;
  const imported = await vapi(simulator, 'POST', '/phone-number', {
    provider: 'twilio',
    number,
    twilioAccountSid: accountSid,
    twilioAuthToken: authToken,
    smsEnabled: false,
  });
  await vapi(simulator, 'PATCH', `/assistant/${simulator.vapi.assistantId}`, {
    server: {
      url: `${house.url}/vapi`,
      headers: { 'x-vapi-secret': 'sesame' },
      backoffPlan: { type: 'exponential', maxRetries: 5, baseDelaySeconds: 1, excludedStatusCodes: [401] },
    },
    serverMessages: ['status-update', 'end-of-call-report', 'tool-calls', 'transcript[transcriptType="final"]'],
  });
  await point({ simulator, house, number }, { VoiceUrl: `${house.url}/voice`, StatusCallback: `${house.url}/status` });
  house.on('/voice', async ({ form }) => {
    const order = { assistantId: simulator.vapi.assistantId, phoneNumberId: imported.id };
    const body = { ...order, customer: { number: form.From }, phoneCallProviderBypassEnabled: true };
    const call = await vapi(simulator, 'POST', '/call', body, 2000).catch(() => undefined);
    const { twiml } = (call?.phoneCallProviderDetails ?? {}) as { twiml?: string };
    if (!twiml) return { body: '<Response><Say>Nobody can talk to you now.</Say></Response>' };
    return { body: twiml.replace('</Response>', `<Redirect>${house.url}/after</Redirect></Response>`) };
  });
  house.on('/after', '<Response><Hangup/></Response>');
}

export function vapiMessages(house: House): Record<string, unknown>[] {
  return house.at('/vapi').map(({ body }) => (JSON.parse(body) as { message: Record<string, unknown> }).message);
}
