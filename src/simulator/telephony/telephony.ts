import { createConversations } from '../vapi/conversation.ts';
import { askForAssistant } from '../vapi/assistant-request.ts';
import type { Random } from '../random.ts';
import { wait } from '../time.ts';
import { type WebhookTrouble, createWebhooks } from '../vapi/webhooks.ts';
import type { TwilioTwin } from '../twilio/twin.ts';
import type { VapiTwin } from '../vapi/twin.ts';
import type { World } from '../world.ts';
import type { CallOrder, CallResult, TextOrder } from './call.ts';
import { createHttpSender } from './http-request.ts';
import { ringNumber } from './inbound.ts';
import { followInstructions } from './interpreter.ts';
import type { LiveCall, Switchboard } from './live-call.ts';
import { startOutbound } from './outbound.ts';
import { createPeople, type People } from './people.ts';
import { createPhones } from './phones.ts';
import { sendText } from './texts.ts';
import { createTwilioRequests } from './twilio-request.ts';

export type Telephony = {
  people: People;
  results: CallResult[];
  webhooks: { trouble(trouble: WebhookTrouble): void };
  placeCall(order: CallOrder): Promise<CallResult>;
  sendText(order: TextOrder): Promise<{ status: number }>;
  /** Every conversation with the AI loses its sound now. */
  dropConversations(): void;
  liveCalls(): number;
  settled(): Promise<void>;
  stop(): void;
};

type Parts = { world: World; vapi: VapiTwin; twilio: TwilioTwin; random: Random };

/** Joins the twins: Twilio's numbers ring, its instructions are followed, and Vapi's assistants talk. */
export function connectTelephony({ world, vapi, twilio, random }: Parts): Telephony {
  const pending = new Set<Promise<unknown>>();
  const results: CallResult[] = [];
  const http = createHttpSender(world.time.wire);
  const track = (work: Promise<unknown>) => {
    const kept: Promise<unknown> = work.catch(() => {}).finally(() => pending.delete(kept));
    pending.add(kept);
  };
  const webhooks = createWebhooks({ world, http, random, track });
  const conversations = createConversations({
    world,
    vapi,
    webhooks,
    random,
    later: (ms, run) => track(wait(world.time.story, ms).then(run)),
  });
  const board: Switchboard = {
    world,
    twilio,
    vapi,
    random,
    people: createPeople(),
    conversations,
    requests: createTwilioRequests({ http, wire: world.time.wire, random }),
    live: new Map<string, LiveCall>(),
    track,
    follow: followInstructions,
    ring: (order) => ringNumber(board, order),
  };

  vapi.phones = createPhones(board);
  vapi.askForAssistant = (given) => askForAssistant({ vapi, webhooks, ...given });
  vapi.onRinging = (stream) => conversations.ring(stream);
  vapi.onAbandoned = (stream, endedReason) => conversations.giveUp(stream, endedReason);
  twilio.engine = {
    startOutbound: (account, callSid, params) => startOutbound(board, { account, callSid, params }),
    changeCall: (callSid, change) => changeCall(board.live.get(callSid), change),
    tell: (account, url, params) => track(board.requests.send({ account, url, params })),
  };

  return {
    people: board.people,
    results,
    webhooks,
    async placeCall(order) {
      const from = order.from ?? `+1303555${String(random.integer(1000, 9999))}`;
      const call = ringNumber(board, { from, to: order.to, script: order.script ?? {}, depth: 0 });
      track(call);
      const result = await call;
      results.push(result);
      return result;
    },
    sendText: (order) => sendText(board, order),
    dropConversations: () => conversations.dropAll(),
    liveCalls: () => board.live.size,
    async settled() {
      while (pending.size > 0) await Promise.all(pending);
    },
    stop() {
      for (const call of board.live.values()) call.gone.abort();
      http.close();
    },
  };
}

type Change = { hangUp?: boolean; url?: string; method?: string; twiml?: string };

function changeCall(call: LiveCall | undefined, { hangUp, url, method, twiml }: Change): void {
  if (!call) return;
  if (hangUp) return call.gone.abort();
  call.next = twiml && !url ? { twiml } : { url: url ?? '', method: method ?? 'POST', params: {} };
  call.moved.abort();
}
