/** Vapi's webhooks of many calls as a storm: each sent up to three times, out of order, repeated until it is taken. */
import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';

export type StormCall = {
  vapiCallId: string;
  seconds: number;
  cost: number;
  summary: string;
  reason: string;
};

export type StormEvent = {
  vapiCallId: string;
  name: string;
  body: string;
  /** Whether anybody was told "ok". */
  isAcknowledged: boolean;
};

export type Storm = { calls: StormCall[]; events: StormEvent[]; deliveries: StormEvent[] };

const STARTED_MS = Date.parse('2026-03-02T09:00:00Z');

/** Four events a call, in a shuffled order of deliveries that `random` decides. */
export function makeStorm(count: number, random: () => number): Storm {
  const calls = Array.from({ length: count }, (_, index) => makeCall(index, random));
  const events = calls.flatMap(eventsOf);
  const deliveries = events.flatMap((event) => Array.from({ length: 1 + Math.floor(random() * 3) }, () => event));
  return { calls, events, deliveries: shuffled(deliveries, random) };
}

function makeCall(index: number, random: () => number): StormCall {
  return {
    vapiCallId: randomUUID(),
    seconds: 5 + Math.floor(random() * 300),
    cost: Math.round(random() * 400) / 256,
    summary: `Caller ${index} asked for an appointment.`,
    reason: random() < 0.5 ? 'customer-ended-call' : 'assistant-ended-call',
  };
}

function eventsOf({ vapiCallId, seconds, cost, summary, reason }: StormCall): StormEvent[] {
  const endMs = STARTED_MS + seconds * 1000;
  const [startedAt, endedAt] = [new Date(STARTED_MS).toISOString(), new Date(endMs).toISOString()];
  const call = { id: vapiCallId, type: 'inboundPhoneCall', createdAt: startedAt };
  const customer = { number: '+12025550123' };
  const event = (name: string, message: object): StormEvent => {
    const body = JSON.stringify({ message: { call, customer, ...message } });
    return { vapiCallId, name, body, isAcknowledged: false };
  };
  const artifact = {
    transcript: `AI: Hello\nUser: ${summary}\n`,
    messages: [{ role: 'bot', message: 'Hello', secondsFromStart: 1 }],
  };
  return [
    event('in-progress', { type: 'status-update', status: 'in-progress', timestamp: STARTED_MS }),
    event('transcript', {
      type: 'transcript',
      role: 'user',
      transcriptType: 'final',
      transcript: summary,
      timestamp: STARTED_MS + 2_000,
    }),
    event('ended', { type: 'status-update', status: 'ended', endedReason: reason, timestamp: endMs }),
    event('report', {
      type: 'end-of-call-report',
      timestamp: endMs + 500,
      ...{ startedAt, endedAt, cost, artifact, endedReason: reason, durationSeconds: seconds, analysis: { summary } },
    }),
  ];
}

function shuffled<T>(given: T[], random: () => number): T[] {
  const list = [...given];
  for (let last = list.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [list[last], list[other]] = [list[other]!, list[last]!];
  }
  return list;
}

/** With AVA's `backoffPlan` Vapi goes on for four minutes; here the waits are shorter and there are more of them. */
const MOST_RETRIES = 60;
const BASE_DELAY_MS = 100;
const LONGEST_DELAY_MS = 1_500;
const PATIENCE_MS = 20_000;

/** Sends as Vapi does with AVA's `backoffPlan`, to any of `urls`, as a balancer would. Never rejects. */
export async function deliver(event: StormEvent, to: { urls: string[]; secret: string; random(): number }) {
  for (let tries = 0; tries <= MOST_RETRIES; tries += 1) {
    const url = to.urls[Math.floor(to.random() * to.urls.length)]!;
    if (await post(`${url}/webhooks/vapi`, event.body, to.secret)) {
      event.isAcknowledged = true;
      return;
    }
    await wait(Math.min(LONGEST_DELAY_MS, BASE_DELAY_MS * 2 ** tries));
  }
}

async function post(url: string, body: string, secret: string): Promise<boolean> {
  const headers = { 'content-type': 'application/json', 'x-vapi-secret': secret };
  try {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const response = await fetch(url, { method: 'POST', headers, body, signal });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}
