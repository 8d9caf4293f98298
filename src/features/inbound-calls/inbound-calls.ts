/**
 * The phone rings: tell Twilio what to do, whatever is broken. The assistant is asked for within a budget; when it
 * cannot take the call, the number's fallback plan does. Nothing here may throw a caller out.
 */
import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import type { Metrics } from '../../metrics.ts';
import { renderTwiml, type Verb } from '../../providers/twilio/twiml.ts';
import {
  fallbackStep,
  isOpenAt,
  LAST_RESORT_TWIML,
  type NumberRouting,
  type RoutingTable,
  thanks,
  whisper,
} from '../phone-numbers/routing.ts';
import { type AskVapi, NotTaken } from './ask-vapi.ts';
import type { CallRoute, RouteReason } from './contract.ts';
import { type Claims, type Settled } from './claims.ts';
import type { HowEnded } from './how-ended.ts';
import { type Fields, isLoop, isOver, type RingingCall, ringingCall } from './ringing.ts';
import { within } from '../../within.ts';

export type Decision = {
  route: CallRoute | 'end';
  reason: RouteReason | 'over';
  tookMs: number;
  vapiCallId?: string | undefined;
  assistantId?: string | undefined;
  isRescue?: boolean | undefined;
  reached?: 'person' | 'voicemail' | undefined;
};

export type Answer = { twiml: string; decision: Decision; routing: NumberRouting | undefined };

export type InboundCallsDeps = {
  clock: Clock;
  log: Log;
  metrics: Metrics;
  routing: RoutingTable;
  /** Absolute address of Twilio's webhooks. */
  webhooks: string;
  askVapi: AskVapi;
  claims: Claims;
  howEnded: HowEnded;
};

export type InboundCalls = ReturnType<typeof createInboundCalls>;

/** From the webhook to the answer; Twilio itself waits 15 s. */
const BUDGET_MS = 4_000;
const VAPI_BUDGET_MS = 3_400;
const DATABASE_BUDGET_MS = 300;
const REMEMBERED_MS = 600_000;

export function createInboundCalls(deps: InboundCallsDeps) {
  const { clock, log, metrics, routing: table } = deps;
  /** In the order in which the calls came. */
  const answers = new Map<string, { answer: Promise<Answer>; untilMs: number }>();

  async function decide(call: RingingCall, startedMs: number): Promise<Answer> {
    const routing = await findRouting(call);
    if (routing === undefined) return lastResort('unknown_number', startedMs);
    if (isLoop(call, routing)) return fallback(routing, 'loop', startedMs, { rung: 'skip' });
    const why = whyNotAssistant(routing, clock.now());
    if (why !== undefined) return fallback(routing, why, startedMs);
    const settled = await within(
      clock,
      BUDGET_MS - 200 - (clock.monotonicMs() - startedMs),
      () => askOnce(routing, call),
      () => LATE,
    );
    if ('reason' in settled) return fallback(routing, settled.reason, startedMs);
    const { twiml, vapiCallId } = settled;
    const { assistantId } = routing;
    const decision = {
      route: 'ai',
      reason: 'assistant_ready',
      vapiCallId,
      assistantId: assistantId ?? undefined,
    } as const;
    return { twiml, routing, decision: { ...decision, tookMs: clock.monotonicMs() - startedMs } };
  }

  /** However often and wherever Twilio repeats the webhook, Vapi is asked once. */
  function askOnce(routing: NumberRouting, call: RingingCall): Promise<Settled> {
    return deps.claims.once(routing.tenantId, call.callSid, async () => {
      try {
        const { twiml, vapiCallId } = await deps.askVapi(routing, call, VAPI_BUDGET_MS);
        return { twiml, vapiCallId };
      } catch (error) {
        if (!(error instanceof NotTaken)) throw error;
        log.warn(
          { err: error.cause ?? error, reason: error.reason, number: routing.sid },
          'The assistant does not take this call',
        );
        return { reason: error.reason };
      }
    });
  }

  async function findRouting(call: RingingCall): Promise<NumberRouting | undefined> {
    const known = table.find(call.to, call.accountSid);
    if (known !== undefined) return known;
    await within(
      clock,
      DATABASE_BUDGET_MS,
      () => table.refresh(),
      () => undefined,
    ).catch(() => {});
    return table.find(call.to, call.accountSid);
  }

  type Turn = { rung?: number | 'skip'; isMidCall?: boolean; reached?: Decision['reached'] };

  function fallback(routing: NumberRouting, reason: RouteReason, startedMs: number, turn: Turn = {}): Answer {
    const { rung = 0, isMidCall = false, reached } = turn;
    const step = fallbackStep({ ...placeOf(routing), now: clock.now(), rung, isMidCall });
    const decision = { route: step.route, reason, isRescue: isMidCall || undefined, reached };
    return {
      twiml: renderTwiml(step.verbs),
      routing,
      decision: { ...decision, tookMs: clock.monotonicMs() - startedMs },
    };
  }

  function end(
    routing: NumberRouting | undefined,
    startedMs: number,
    reached?: Decision['reached'],
    verbs: Verb[] = [{ hangup: true }],
  ): Answer {
    const decision = { route: 'end', reason: 'over', reached, tookMs: clock.monotonicMs() - startedMs } as const;
    return { twiml: renderTwiml(verbs), routing, decision };
  }

  function lastResort(reason: RouteReason, startedMs: number): Answer {
    const decision = { route: 'sentence', reason, tookMs: clock.monotonicMs() - startedMs } as const;
    return { twiml: LAST_RESORT_TWIML, routing: undefined, decision };
  }

  function placeOf({ plan, sid }: NumberRouting) {
    return { plan, sid, webhooks: deps.webhooks };
  }

  function remember(callSid: string, answer: Promise<Answer>): Promise<Answer> {
    const nowMs = clock.monotonicMs();
    for (const [earlier, { untilMs }] of answers) {
      if (untilMs > nowMs) break;
      answers.delete(earlier);
    }
    answers.set(callSid, { answer, untilMs: nowMs + REMEMBERED_MS });
    return answer;
  }

  function counted(answer: Answer): Answer {
    const { route, reason } = answer.decision;
    if (route !== 'end' && answer.routing?.synthetic !== true) metrics.callsByRoute.inc({ route, reason });
    return answer;
  }

  return {
    /** What a ringing call hears. The same call gets the same answer, however often it is asked for. */
    async ring(params: Fields): Promise<Answer> {
      const call = ringingCall(params);
      const known = answers.get(call.callSid);
      const startedMs = clock.monotonicMs();
      if (known !== undefined && known.untilMs > startedMs) return await known.answer;
      return await remember(
        call.callSid,
        decide(call, startedMs)
          .catch((error: unknown) => this.rescue(params, error))
          .then(counted),
      );
    },

    /** What a call hears when AVA itself failed, or when Twilio could not reach it: the plan, without asking anybody. */
    rescue(params: Fields, error?: unknown): Answer {
      if (error !== undefined)
        log.error({ err: error }, 'AVA failed while it answered a call; the fallback plan answers');
      const startedMs = clock.monotonicMs();
      const call = ringingCall(params);
      try {
        const routing = table.find(call.to, call.accountSid);
        if (routing === undefined) return lastResort('ava_failed', startedMs);
        return fallback(routing, 'ava_failed', startedMs, isLoop(call, routing) ? { rung: 'skip' } : {});
      } catch (worse) {
        log.error({ err: worse }, 'The fallback plan could not be rendered');
        return lastResort('ava_failed', startedMs);
      }
    },

    /** Twilio could not get an answer from us, or not a good one. */
    fallbackUrl(params: Fields): Answer {
      return counted(this.rescue(params));
    },

    /** The assistant's sound is over: a normal end, or a caller who needs somebody else. */
    async afterAssistant(params: Fields, vapiCallId: string): Promise<Answer> {
      const startedMs = clock.monotonicMs();
      const call = ringingCall(params);
      const routing = await findRouting(call);
      if (routing === undefined || isOver(call)) return end(routing, startedMs);
      const how = await deps.howEnded(routing.tenantId, vapiCallId);
      if (how === 'finished') return end(routing, startedMs);
      return counted(fallback(routing, 'assistant_dropped', startedMs, { isMidCall: true }));
    },

    /** The assistant asked for a person: the plan goes on where the talk left off. */
    async afterTransfer(params: Fields): Promise<Answer> {
      const startedMs = clock.monotonicMs();
      const call = ringingCall(params);
      const routing = await findRouting(call);
      if (routing === undefined || isOver(call)) return end(routing, startedMs);
      return counted(fallback(routing, 'assistant_asked', startedMs, { isMidCall: true }));
    },

    /** People were rung: one took the call, or the next one's turn has come. */
    async afterDial(params: Fields, rung: number): Promise<Answer> {
      const startedMs = clock.monotonicMs();
      const call = ringingCall(params);
      const routing = await findRouting(call);
      const isBridged = wasBridged(params);
      if (routing === undefined || isOver(call) || isBridged)
        return end(routing, startedMs, isBridged ? 'person' : undefined);
      return fallback(routing, 'nobody_answered', startedMs, { rung });
    },

    /** A message was left, or the caller hung up instead. */
    async afterVoicemail(params: Fields): Promise<Answer> {
      const startedMs = clock.monotonicMs();
      const call = ringingCall(params);
      const routing = await findRouting(call);
      const reached = Number(params['RecordingDuration'] ?? 0) > 0 ? 'voicemail' : undefined;
      if (routing === undefined || isOver(call)) return end(routing, startedMs, reached);
      return end(routing, startedMs, reached, thanks(routing.plan));
    },

    /** What the person hears who picked up, and what follows the key. */
    whisper(params: Fields, sid: string | undefined): string {
      const routing = sid === undefined ? undefined : table.findBySid(sid);
      if (routing === undefined || params['Digits'] === '1') return renderTwiml([]);
      if (params['Digits'] !== undefined) return renderTwiml([{ hangup: true }]);
      return renderTwiml(whisper(placeOf(routing)));
    },
  };
}

const LATE: Settled = { reason: 'vapi_late' };

/** Why the assistant is not even asked; undefined when it is. */
export function whyNotAssistant(
  routing: Pick<NumberRouting, 'assistantId' | 'mode' | 'plan'>,
  now: Date,
): RouteReason | undefined {
  if (routing.mode === 'off') return 'mode_off';
  if (routing.assistantId === null) return 'no_assistant';
  const { assistant_answers: answers, business_hours: hours } = routing.plan;
  if (answers === 'always') return undefined;
  return isOpenAt(hours, now) === (answers === 'in_hours') ? undefined : 'assistant_resting';
}

// A person whose machine picked up, or who pressed nothing, was never connected with the caller.
function wasBridged(params: Fields): boolean {
  const isAnswered = params['DialCallStatus'] === 'completed' || params['DialCallStatus'] === 'answered';
  return isAnswered && params['DialBridged'] !== 'false';
}
