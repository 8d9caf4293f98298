/**
 * The fallback plans as static documents, for a host that knows nothing of AVA: what callers hear while all of it is
 * away. A static host cannot tell whether a person took the call, so voicemail follows where nobody picked up.
 */
import { renderTwiml, type Verb } from '../../providers/twilio/twiml.ts';
import { wordsIn } from './fallback-words.ts';
import type { RoutingPlan } from './fallback.ts';

export type StaticFile = { name: string; content: string };

const LONGEST_MESSAGE_SECONDS = 120;

/** One document for each number, and the ones that they lead to. */
export function exportFallback(numbers: readonly { sid: string; plan: RoutingPlan }[]): StaticFile[] {
  return numbers.flatMap(({ sid, plan }) => [
    { name: `${sid}.xml`, content: renderTwiml(verbsOf(sid, plan)) },
    {
      name: `${sid}-thanks.xml`,
      content: renderTwiml([{ say: wordsIn(plan.language).thanks, language: plan.language }, { hangup: true }]),
    },
  ]);
}

function verbsOf(sid: string, plan: RoutingPlan): Verb[] {
  const { people, strategy, ring_seconds: timeoutSeconds, voicemail, message } = plan.fallback;
  const { language } = plan;
  const words = wordsIn(language);
  const groups = strategy === 'all_at_once' ? [people] : people.map((person) => [person]);
  const dials: Verb[] = groups
    .filter((group) => group.length > 0)
    .map((group) => ({ dial: group.map((person) => ({ number: person.phone_number })), timeoutSeconds }));
  if (!voicemail) return [...dials, { say: message || words.sentence, language }, { hangup: true }];
  // A relative action stays on the static host; without one Twilio would come back to this document for ever.
  const record = { action: `${sid}-thanks.xml`, method: 'GET' as const, maxSeconds: LONGEST_MESSAGE_SECONDS };
  return [...dials, { say: message || words.voicemail, language }, { record }, { hangup: true }];
}
