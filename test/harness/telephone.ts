/** AVA started whole, with one number whose calls it answers: the assistant first, then a person, then voicemail. */
import { type AvaOptions, type AvaUnderTest, startAva } from './ava.ts';
import { until } from './until.ts';

export type Telephone = {
  ava: AvaUnderTest;
  /** The number that callers dial, and its SID. */
  number: string;
  sid: string;
  owner: Awaited<ReturnType<AvaUnderTest['owner']>>;
  json(path: string, init?: RequestInit): Promise<any>;
  /** Sets who answers the number. */
  route(over?: Record<string, unknown>): Promise<any>;
  calls(query?: string): Promise<any[]>;
  /** Waits until the call of this CallSid reads as wanted. */
  callWhen(callSid: string, what: string, fits: (call: any) => boolean): Promise<any>;
  stop(): Promise<void>;
};

export const ANN = '+15005550006';
export const BEN = '+15005550007';

export async function startTelephone(options: AvaOptions = {}): Promise<Telephone> {
  const ava = await startAva({
    ...options,
    env: { RATE_LIMIT_PER_MINUTE: '100000', ...options.env },
    simulator: { timeScale: 200, ...options.simulator },
  });
  const owner = await ava.owner();
  const json = async (path: string, init?: RequestInit) => {
    const response = await owner.fetch(`/api/v1${path}`, {
      ...init,
      headers: { 'content-type': 'application/json', ...(init?.headers as Record<string, string>) },
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${init?.method ?? 'GET'} ${path}: ${response.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  };
  const number = ava.simulator.twilio.numbers[0]!;
  const sid = await sidOf(ava, number);
  await json('/vapi/settings');
  const calls = async (query = '') => (await json(`/calls${query}`)).calls as any[];
  return {
    ava,
    number,
    sid,
    owner,
    json,
    calls,
    route: (over = {}) =>
      json(`/twilio/numbers/${sid}/routing`, {
        method: 'PUT',
        body: JSON.stringify({
          assistant_id: ava.simulator.vapi.assistantId,
          mode: 'front_door',
          fallback: {
            people: [{ name: 'Ann', phone_number: ANN }],
            strategy: 'in_order',
            voicemail: true,
            message: '',
          },
          ...over,
        }),
      }),
    callWhen: (callSid, what, fits) =>
      until(what, async () => (await calls()).find((call) => call.twilio_call_sid === callSid && fits(call))),
    stop: () => ava.stop(),
  };
}

async function sidOf(ava: AvaUnderTest, number: string): Promise<string> {
  const { baseUrl, accountSid, authToken } = ava.simulator.twilio;
  const response = await fetch(`${baseUrl}/2010-04-01/Accounts/${accountSid}/IncomingPhoneNumbers.json`, {
    headers: { authorization: `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}` },
  });
  const { incoming_phone_numbers: numbers } = (await response.json()) as { incoming_phone_numbers: any[] };
  return numbers.find((one) => one.phone_number === number).sid;
}
