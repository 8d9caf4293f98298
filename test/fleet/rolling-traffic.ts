/** What goes on while replicas are replaced: reads and webhooks over kept connections, live updates, telephone calls. */
import { Agent, type IncomingMessage, request } from 'node:http';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { statusWebhook } from '../harness/status-webhook.ts';
import { keepBusy } from './fleet.ts';

type Outcome = { status: number; said: string; isRefusal: boolean };

export type Failure = Outcome & { at: string };

export type Traffic = {
  requests: number;
  /** Without an answer, or with one of 400 and above; what it said, and when. */
  failed: Failure[];
  calls: { outcome: string; heardError: boolean }[];
  readers: number;
  /** Readers of live updates that were cut off, or refused. */
  cutReaders: number;
};

type Place = { url: string; token: string; simulator: Simulator; clients: number; callers: number };

/** Begins all of it. `soFar` grows; `stop` ends it and resolves to what came of it. */
export function startTraffic(place: Place): { soFar: Traffic; stop(): Promise<Traffic> } {
  const traffic: Traffic = { requests: 0, failed: [], calls: [], readers: 0, cutReaders: 0 };
  const agents = Array.from({ length: place.clients }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
  const stopClients = keepBusy(place.clients, 20, async (turn) => {
    const agent = agents[turn % agents.length]!;
    const outcome = await (turn % 5 === 0 ? tellStatus(place, agent) : ask(place, { agent, path: pathOf(turn) }));
    traffic.requests += 1;
    if (outcome.status === 0 || outcome.status >= 400)
      traffic.failed.push({ ...outcome, at: new Date().toISOString() });
  });
  const giveUp = new AbortController();
  const live = [1, 2, 3, 4].map(() => readEvents(place, traffic, giveUp.signal));
  const stopCalls = keepBusy(place.callers, 200, async () => {
    const [to] = place.simulator.twilio.numbers;
    traffic.calls.push(await place.simulator.control.placeCall({ to: to!, script: { says: ['Hello'] } }));
  });
  const stop = async () => {
    await stopCalls();
    await stopClients();
    giveUp.abort();
    await Promise.all(live);
    for (const agent of agents) agent.destroy();
    return traffic;
  };
  return { soFar: traffic, stop };
}

/** How often each thing was said, and when first and last. */
export function tally(failed: Failure[]): Record<string, string> {
  const kinds = Map.groupBy(failed, ({ status, said }) => `${status} ${said.replace(/"correlation_id.*/, '')}`);
  return Object.fromEntries(
    [...kinds].map(([kind, all]) => [kind, `${all.length}: ${all[0]!.at} to ${all.at(-1)!.at}`]),
  );
}

const pathOf = (turn: number) => (turn % 3 === 0 ? '/api/v1/vapi/settings' : '/api/v1/ops/circuit-breakers');

type Question = { agent: Agent; path: string; post?: { headers: Record<string, string>; body: string } };

/** AVA itself said that it is too busy, and when to come again: what a restart breaks says nothing of the kind. */
const isRefusal = ({ statusCode, headers }: IncomingMessage) =>
  statusCode === 503 && headers['x-correlation-id'] !== undefined && headers['retry-after'] !== undefined;

/** One request over a connection that is kept; an answer that breaks off is a failure. */
function ask({ url, token }: Place, { agent, path, post }: Question): Promise<Outcome> {
  return new Promise((resolve) => {
    const headers = post?.headers ?? { authorization: `Bearer ${token}` };
    const sent = request(new URL(path, url), { agent, method: post ? 'POST' : 'GET', headers }, (answer) => {
      let text = '';
      answer.on('data', (chunk) => (text = (text + String(chunk)).slice(0, 500)));
      answer.once('error', (error) => resolve({ status: 0, said: error.message, isRefusal: false }));
      answer.once('end', () =>
        resolve({ status: answer.statusCode ?? 0, said: `${path}: ${text}`, isRefusal: isRefusal(answer) }),
      );
    });
    sent.once('error', (error) => resolve({ status: 0, said: `${path}: ${error.message}`, isRefusal: false }));
    sent.end(post?.body);
  });
}

function tellStatus(place: Place, agent: Agent) {
  const { path, ...post } = statusWebhook(place.simulator, place.url);
  return ask(place, { agent, path, post });
}

/** Reads live updates until they are handed over, again and again. */
async function readEvents({ url, token }: Place, traffic: Traffic, signal: AbortSignal): Promise<void> {
  const headers = { authorization: `Bearer ${token}` };
  while (!signal.aborted) {
    traffic.readers += 1;
    try {
      const answer = await fetch(`${url}/api/v1/events`, { headers, signal });
      if (answer.status !== 200) traffic.cutReaders += 1;
      for await (const _ of answer.body ?? []) if (signal.aborted) break;
    } catch {
      if (!signal.aborted) traffic.cutReaders += 1;
    }
  }
}
