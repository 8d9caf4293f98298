import type { CallScript } from '../telephony/call.ts';
import { type Ear, speechMs } from '../telephony/ear.ts';
import type { Random } from '../random.ts';
import type { World } from '../world.ts';
import { isWanted, messageOf, serverOf } from './messages.ts';
import { mergedAssistant } from './overrides.ts';
import { isObject } from './rules.ts';
import type { Stored } from './store.ts';
import type { Stream } from './streams.ts';
import { type Talk, talkFor } from './talks.ts';
import { useTool } from './tool-call.ts';
import { askForTransfer } from './transfer.ts';
import { artifactOf, costOf, createTranscript, type Transcript } from './transcript.ts';
import type { VapiTwin } from './twin.ts';
import type { Webhooks } from './webhooks.ts';

export type ConversationOrder = Stream & {
  callSid: string;
  script: CallScript;
  ear: Ear;
  /** Aborted when the caller is no longer there. */
  signal: AbortSignal;
  /** Vapi can hand a caller on only where it owns the leg. */
  canTransfer: boolean;
};
/** `lost`: the sound broke off and the caller is still there. */
export type ConversationEnd = { by: 'customer' | 'assistant' | 'lost'; heardAnything: boolean; transferTo?: string };

export type Conversations = {
  /** A call begins to ring. */
  ring(stream: Stream): void;
  /** Talks with the caller until one of them ends it, and reports it all to the assistant's server. */
  hold(order: ConversationOrder): Promise<ConversationEnd>;
  /** A call that never became a conversation. */
  giveUp(stream: Stream, endedReason: string): void;
  /** Every conversation loses its sound. */
  dropAll(): void;
};

type Parts = {
  world: World;
  vapi: VapiTwin;
  webhooks: Webhooks;
  random: Random;
  /** Does something after a while of story time; `settled` waits for it. */
  later(ms: number, run: () => void): void;
};

/** One conversation and all that belongs to it. */
export type Holding = ConversationOrder & {
  parts: Parts;
  number: Stored | undefined;
  assistant: Record<string, unknown>;
  transcript: Transcript;
  talk: Talk;
  lost: AbortController;
  /** The number to which the caller is handed on. */
  transferTo?: string;
  /** The caller gone, the sound lost, or the time up. */
  over: AbortSignal;
};

const LOST_REASON = 'call.in-progress.error-vapifault-vapi-voice-failed';
const ANALYSIS_MS = 2000;
const USUAL_MAX_SECONDS = 600;

export function createConversations(parts: Parts): Conversations {
  const live = new Set<Holding>();
  return {
    ring(stream) {
      stream.org.calls.patch(stream.call.id, { status: 'ringing' });
      tell(parts, stream, 'status-update', { status: 'ringing' });
    },
    async hold(order) {
      const holding = begin(parts, order);
      live.add(holding);
      const end = await talk(holding);
      live.delete(holding);
      finish(holding, end.reason);
      const { transferTo, transcript } = holding;
      const heardAnything = transcript.messages.length > 0;
      return { by: end.by, heardAnything, ...(transferTo !== undefined && { transferTo }) };
    },
    giveUp(stream, endedReason) {
      const endedAt = parts.world.time.story.now().toISOString();
      stream.org.calls.patch(stream.call.id, { status: 'ended', endedReason, endedAt });
      const empty = createTranscript(parts.world.time.story);
      tell(parts, stream, 'status-update', { status: 'ended', endedReason });
      tell(parts, stream, 'end-of-call-report', {
        endedReason,
        endedAt,
        cost: 0,
        artifact: { messages: [], messagesOpenAIFormatted: [], transcript: empty.text() },
        analysis: {},
      });
    },
    dropAll() {
      for (const holding of live) holding.lost.abort();
    },
  };
}

/** Sends one message about a call, if its assistant wants that kind. */
export function tell(parts: Parts, stream: Stream, type: string, more: Record<string, unknown>): void {
  const { org, call } = stream;
  const assistant = mergedAssistant(org, call);
  if (!isWanted(assistant, type)) return;
  const number = typeof call.phoneNumberId === 'string' ? org.phoneNumbers.find(call.phoneNumberId) : undefined;
  const server = serverOf(org, { assistant, number });
  parts.webhooks.send({ org, server, message: messageOf(parts.world, { type, call, number, assistant, more }) });
}

function begin(parts: Parts, order: ConversationOrder): Holding {
  const { org, call, callSid, script } = order;
  const startedAt = parts.world.time.story.now().toISOString();
  const transport = { ...(isObject(call.transport) && call.transport), provider: 'twilio', callSid };
  org.calls.patch(call.id, { status: 'in-progress', startedAt, phoneCallProviderId: callSid, transport });
  const lost = new AbortController();
  const holding: Holding = {
    ...order,
    parts,
    number: typeof call.phoneNumberId === 'string' ? org.phoneNumbers.find(call.phoneNumberId) : undefined,
    assistant: mergedAssistant(org, call) ?? {},
    transcript: createTranscript(parts.world.time.story),
    talk: talkFor(parts.random, script.says),
    lost,
    over: AbortSignal.any([order.signal, lost.signal]),
  };
  tell(parts, holding, 'status-update', { status: 'in-progress' });
  return holding;
}

type End = { by: ConversationEnd['by']; reason: string };

async function talk(holding: Holding): Promise<End> {
  const { script, assistant, lost, parts } = holding;
  const { story } = parts.world.time;
  const dies = script.aiDiesAfterSeconds;
  const cancelDeath = dies === undefined ? () => {} : story.setTimer(dies * 1000, () => lost.abort());
  const maxSeconds = Number(assistant.maxDurationSeconds ?? USUAL_MAX_SECONDS);
  let isTimeUp = false;
  const cancelMax = story.setTimer(maxSeconds * 1000, () => {
    isTimeUp = true;
    lost.abort();
  });
  await speakAll(holding);
  cancelDeath();
  cancelMax();
  if (holding.signal.aborted) return { by: 'customer', reason: 'customer-ended-call' };
  if (isTimeUp) return { by: 'assistant', reason: 'exceeded-max-duration' };
  if (lost.signal.aborted) return { by: 'lost', reason: LOST_REASON };
  if (holding.transferTo !== undefined) return { by: 'assistant', reason: 'assistant-forwarded-call' };
  if (script.endedBy !== 'assistant') return { by: 'customer', reason: 'customer-ended-call' };
  return { by: 'assistant', reason: 'assistant-ended-call' };
}

async function speakAll(holding: Holding): Promise<void> {
  const { assistant, script, over, talk } = holding;
  const greets = assistant.firstMessageMode !== 'assistant-waits-for-user';
  if (greets && typeof assistant.firstMessage === 'string') await botSays(holding, assistant.firstMessage);
  for (const [index, turn] of talk.turns.entries()) {
    if (over.aborted) return;
    await userSays(holding, turn.user);
    const tool = script.toolCalls?.[index];
    const result = tool && !over.aborted ? await useTool(holding, tool) : undefined;
    if (!over.aborted) await botSays(holding, result === undefined ? turn.bot : `${turn.bot} ${result}`);
  }
  if (script.wantsPerson && !over.aborted) await askForTransfer(holding);
  if (script.endedBy !== 'assistant' || over.aborted) return;
  if (typeof assistant.endCallMessage === 'string') await botSays(holding, assistant.endCallMessage);
}

async function botSays(holding: Holding, text: string): Promise<void> {
  const { parts, transcript, ear, over } = holding;
  const ms = speechMs(text);
  tell(parts, holding, 'speech-update', { status: 'started', role: 'assistant' });
  transcript.add('bot', text, ms);
  await ear.hear('ai', text, ms, over);
  reportTurn(holding, 'assistant', text);
}

async function userSays(holding: Holding, text: string): Promise<void> {
  const { parts, transcript, ear, over } = holding;
  const ms = speechMs(text);
  tell(parts, holding, 'speech-update', { status: 'started', role: 'user' });
  transcript.add('user', text, ms);
  await ear.speak(ms, over);
  reportTurn(holding, 'user', text);
}

function reportTurn(holding: Holding, role: 'assistant' | 'user', text: string): void {
  const { parts, transcript } = holding;
  tell(parts, holding, 'speech-update', { status: 'stopped', role });
  tell(parts, holding, 'transcript', { role, transcriptType: 'final', transcript: text });
  const messages = [...transcript.messages];
  tell(parts, holding, 'conversation-update', { messages, messagesOpenAIFormatted: transcript.openAi() });
}

function finish(holding: Holding, endedReason: string): void {
  const { parts, org, call, transcript, assistant, talk } = holding;
  const { story } = parts.world.time;
  const endedAt = story.now().toISOString();
  const seconds = (Date.parse(endedAt) - Date.parse(String(call.startedAt))) / 1000;
  const costBreakdown = costOf(seconds, transcript.text().split(/\s+/).length);
  const plan = isObject(assistant.artifactPlan) ? assistant.artifactPlan : {};
  const transcriptPlan = isObject(plan.transcriptPlan) ? plan.transcriptPlan : {};
  const artifact = artifactOf({
    call,
    transcript,
    url: parts.vapi.url,
    keepsTranscript: transcriptPlan.enabled !== false,
    keepsRecording: plan.recordingEnabled !== false,
  });
  const cost = costBreakdown.total;
  org.calls.patch(call.id, { status: 'ended', endedReason, endedAt, cost, costBreakdown, artifact });
  tell(parts, holding, 'status-update', { status: 'ended', endedReason });
  const analysis =
    transcript.messages.length < 2
      ? {}
      : { summary: talk.summary, successEvaluation: 'true', structuredData: { intent: talk.intent } };
  parts.later(ANALYSIS_MS, () => {
    org.calls.patch(call.id, { analysis });
    const { startedAt } = call;
    tell(parts, holding, 'end-of-call-report', { endedReason, startedAt, endedAt, cost, artifact, analysis });
  });
}
