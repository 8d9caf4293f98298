/** What a busy day is made of, at a fixed rate whatever is answered: people's reads and changes, vendors' news, telephone calls, live updates. */
import { once } from 'node:events';
import { request as openRequest } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { Agent } from 'undici';
import { twilioSignature } from '../src/providers/twilio/signature.ts';
import { makeStorm } from '../test/faults/storm.ts';
import type { House } from './house.ts';

export type Answered = { atMs: number; ms: number; status: number };

export type SoakLoad = {
  answered: Answered[];
  /** Of a server that does next to nothing: what the machine alone costs. */
  empty: Answered[];
  calls: { made: number; heardError: number };
  /** Nothing is asked, and what was asked over is closed, until `work` is done. */
  rest<T>(work: () => Promise<T>): Promise<T>;
  stop(): Promise<void>;
};

type Ask = { method: 'GET' | 'POST' | 'PUT'; path: string; headers: Record<string, string>; body?: string };

const CALL_EVERY_MS = 3_000;
const STREAMS = 5;
/** So long it takes until what was closed is gone on the other side too. */
const SETTLE_MS = 1_500;
const JSON_TYPE = { 'content-type': 'application/json' };

export function startSoakLoad(
  house: House,
  idle: { url: string; token: string },
  { perSecond, random }: { perSecond: number; random(): number },
): SoakLoad {
  const open = () => new Agent({ connections: 64, headersTimeout: 20_000 });
  let agent = open();
  let isResting = false;
  const answered: Answered[] = [];
  const empty: Answered[] = [];
  const calls = { made: 0, heardError: 0 };
  const over = new AbortController();
  const nextAsk = createMix(house, random);
  const url = house.servers[0]!.url;
  const one = async (origin: string, ask: Ask, into: Answered[]) => {
    if (isResting) return;
    const atMs = performance.now();
    const { path: where, ...options } = ask;
    const status = await agent
      .request({ origin, path: where, ...options, body: ask.body ?? null })
      .then(async (answer) => {
        await answer.body.dump();
        return answer.statusCode;
      })
      .catch(() => 0);
    into.push({ atMs, ms: performance.now() - atMs, status });
  };
  const ring = async () => {
    const result = await house.simulator.control.placeCall({ to: house.simulator.twilio.numbers[0]!, script: {} });
    calls.made += 1;
    if (result.heardError) calls.heardError += 1;
  };
  const asked: Ask = { method: 'GET', path: '/', headers: { authorization: `Bearer ${idle.token}` } };
  const running = [
    repeat(over.signal, 1000 / perSecond, () => void one(url, nextAsk(), answered)),
    repeat(over.signal, 200, () => void one(idle.url, asked, empty)),
    repeat(over.signal, CALL_EVERY_MS, () => void ring()),
    repeat(over.signal, 1_000, () => hangUp(house)),
    ...Array.from({ length: STREAMS }, () => watch(house, over.signal)),
  ];
  return {
    ...{ answered, empty, calls },
    async rest(work) {
      isResting = true;
      await agent.close();
      await wait(SETTLE_MS);
      try {
        return await work();
      } finally {
        agent = open();
        isResting = false;
      }
    },
    async stop() {
      over.abort();
      await Promise.all(running);
      await house.simulator.control.settled();
      await agent.close();
    },
  };
}

/** At its times, also when this process was late: an open loop. */
async function repeat(signal: AbortSignal, everyMs: number, act: () => void): Promise<void> {
  const startedMs = performance.now();
  for (let turn = 1; !signal.aborted; turn += 1) {
    act();
    const aheadMs = startedMs + turn * everyMs - performance.now();
    if (aheadMs > 0) await wait(aheadMs);
  }
}

/** Of thirty: sixteen reads of settings, four pages of calls, two of others, one change, five news of Vapi and two of Twilio. */
function createMix(house: House, random: () => number): () => Ask {
  const [{ token, whole, url }] = house.servers as [House['servers'][0]];
  const { accountSid, authToken, numbers } = house.simulator.twilio;
  const person = { ...JSON_TYPE, authorization: `Bearer ${token}` };
  const get = (where: string): Ask => ({ method: 'GET', path: `/api/v1${where}`, headers: person });
  let news: string[] = [];
  let turn = 0;
  const ofVapi = (): Ask => {
    if (news.length === 0) news = makeStorm(50, random).deliveries.map(({ body }) => body);
    return {
      method: 'POST',
      path: '/webhooks/vapi',
      headers: { ...JSON_TYPE, 'x-vapi-secret': whole },
      body: news.pop()!,
    };
  };
  const ofTwilio = (): Ask => {
    const path = '/webhooks/twilio/status';
    const CallSid = `CA${String(turn).padStart(32, '0')}`;
    const params = { AccountSid: accountSid, CallSid, CallStatus: 'completed', To: numbers[0]!, From: '+12025550123' };
    const signature = twilioSignature(authToken, `${url}${path}`, params);
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': signature };
    return { method: 'POST', path, headers, body: new URLSearchParams(params).toString() };
  };
  const change = (): Ask => {
    const body = JSON.stringify({ value: 100 + (turn % 800) });
    return { method: 'PUT', path: '/api/v1/vapi/settings/max_tokens', headers: person, body };
  };
  return () => {
    const kind = (turn += 1) % 30;
    if (kind < 16) return get('/vapi/settings');
    if (kind < 20) return get('/calls');
    if (kind === 20) return get('/auth/me');
    if (kind === 21) return get('/ops/circuit-breakers');
    if (kind === 22) return change();
    return kind < 28 ? ofVapi() : ofTwilio();
  };
}

/** Asks and is gone before the answer. */
function hangUp({ servers }: House): void {
  const { url, token } = servers[0]!;
  const asked = openRequest(`${url}/api/v1/calls`, { headers: { authorization: `Bearer ${token}` }, agent: false });
  asked.on('error', () => {});
  asked.end(() => setTimeout(() => asked.destroy(), 2));
}

/** Reads live updates, and comes back when it was cut off. */
async function watch({ servers }: House, signal: AbortSignal): Promise<void> {
  const { url, token } = servers[0]!;
  while (!signal.aborted) {
    const asked = openRequest(`${url}/api/v1/events`, { headers: { authorization: `Bearer ${token}` }, agent: false });
    const cut = () => asked.destroy();
    signal.addEventListener('abort', cut);
    asked.on('response', (response) => response.resume().on('error', () => {}));
    asked.on('error', () => {});
    asked.end();
    await once(asked, 'close');
    signal.removeEventListener('abort', cut);
    if (!signal.aborted) await wait(500);
  }
}
