import { type ConversationEnd, type ConversationOrder, type Holding, type Parts, tell } from './holding.ts';
import { mergedAssistant } from './overrides.ts';
import { isObject } from './rules.ts';
import type { Stream } from './streams.ts';
import { speakAll } from './talking.ts';
import { talkFor } from './talks.ts';
import { artifactOf, costOf, createTranscript } from './transcript.ts';

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

function finish(holding: Holding, endedReason: string): void {
  const { parts, org, call, transcript, assistant, talk } = holding;
  const seconds = transcript.seconds();
  const endedAt = new Date(Date.parse(String(call.startedAt)) + seconds * 1000).toISOString();
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
