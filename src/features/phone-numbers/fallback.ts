/**
 * What happens to a caller whom the assistant cannot take, as a pure function of the plan: people in order or at once,
 * then voicemail, then a kind sentence. Each step names the next one in its URL, which Twilio signs.
 */
import { renderTwiml, type Verb } from '../../providers/twilio/twiml.ts';
import { isOpenAt } from './business-hours.ts';
import { wordsIn } from './fallback-words.ts';
import type { RoutingInput } from './routing-contract.ts';

/** How a number is answered, beside which assistant does it. */
export type RoutingPlan = Omit<RoutingInput, 'assistant_id' | 'mode' | 'reason'>;

export type FallbackRoute = 'person' | 'voicemail' | 'sentence';

export type FallbackSituation = {
  plan: RoutingPlan;
  now: Date;
  /** How many people have been rung already; `skip` rings nobody. */
  rung: number | 'skip';
  /** Absolute address of Twilio's webhooks, without a slash at its end. */
  webhooks: string;
  /** Of the number that was called, so that every step knows it. */
  sid: string;
  /** The caller was already talking: silence needs a word. */
  isMidCall?: boolean;
};

export type FallbackStep = { route: FallbackRoute; verbs: Verb[] };

/** The step that comes next. */
export function fallbackStep(situation: FallbackSituation): FallbackStep {
  const people = peopleToRing(situation);
  if (people.length > 0) return ring(situation, people);
  return situation.plan.fallback.voicemail ? voicemail(situation) : sentence(situation);
}

/** What is said to the person who picked up; without the key the leg ends and the next person is rung. */
export function whisper({ plan, webhooks, sid }: Pick<FallbackSituation, 'plan' | 'webhooks' | 'sid'>): Verb[] {
  const words = wordsIn(plan.language);
  const ask = { action: `${webhooks}/whisper?pressed=1&n=${sid}`, digits: 1, timeoutSeconds: 8, say: words.whisper };
  return [{ gather: { ...ask, language: plan.language } }, { hangup: true }];
}

/** After a message was left. */
export function thanks(plan: RoutingPlan): Verb[] {
  return [{ say: wordsIn(plan.language).thanks, language: plan.language }, { hangup: true }];
}

/** The last resort, when not even a plan is known. */
export const LAST_RESORT_TWIML = renderTwiml([{ say: wordsIn('en-US').sentence, language: 'en-US' }, { hangup: true }]);

function peopleToRing({ plan, now, rung }: FallbackSituation): string[] {
  const { people, strategy } = plan.fallback;
  if (rung === 'skip' || !isOpenAt(plan.business_hours, now)) return [];
  const left = people.slice(rung).map((person) => person.phone_number);
  return strategy === 'all_at_once' ? left : left.slice(0, 1);
}

function ring(situation: FallbackSituation, numbers: string[]): FallbackStep {
  const { plan, webhooks, sid, isMidCall } = situation;
  const { ring_seconds: timeoutSeconds, confirm } = plan.fallback;
  const next = (situation.rung === 'skip' ? 0 : situation.rung) + numbers.length;
  const whisperUrl = confirm ? `${webhooks}/whisper?n=${sid}` : undefined;
  const dial: Verb = {
    dial: numbers.map((number) => ({ number, whisperUrl })),
    timeoutSeconds,
    action: `${webhooks}/after?step=dial&rung=${next}&n=${sid}`,
  };
  const word: Verb = { say: wordsIn(plan.language).oneMoment, language: plan.language };
  return { route: 'person', verbs: isMidCall === true ? [word, dial] : [dial] };
}

const LONGEST_MESSAGE_SECONDS = 120;

function voicemail({ plan, webhooks, sid }: FallbackSituation): FallbackStep {
  const say = plan.fallback.message || wordsIn(plan.language).voicemail;
  const record = {
    action: `${webhooks}/after?step=voicemail&n=${sid}`,
    statusCallback: `${webhooks}/status?kind=recording&n=${sid}`,
    maxSeconds: LONGEST_MESSAGE_SECONDS,
  };
  return { route: 'voicemail', verbs: [{ say, language: plan.language }, { record }, { hangup: true }] };
}

function sentence({ plan }: FallbackSituation): FallbackStep {
  const say = plan.fallback.message || wordsIn(plan.language).sentence;
  return { route: 'sentence', verbs: [{ say, language: plan.language }, { hangup: true }] };
}
