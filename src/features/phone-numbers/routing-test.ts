/** What a caller would hear now, and why: the same decisions as for a real call, without one. */
import { renderTwiml } from '../../providers/twilio/twiml.ts';
import { isOpenAt } from './business-hours.ts';
import { fallbackStep, type RoutingPlan } from './fallback.ts';
import { wordsIn } from './fallback-words.ts';
import type { Routing, RoutingTest } from './routing-contract.ts';

export type Verdict = { reason: string; why: string };

export type RoutingTestInput = {
  routing: Routing;
  now: Date;
  webhooks: string;
  /** Why the assistant would not take the call; undefined when it would. */
  obstacle: Verdict | undefined;
  ready: Verdict;
};

export function testRouting({ routing, now, webhooks, obstacle, ready }: RoutingTestInput): RoutingTest {
  const plan: RoutingPlan = routing;
  const fallback = fallbackStep({ plan, now, rung: 0, webhooks, sid: routing.sid });
  const { reason, why } = obstacle ?? ready;
  const afterAssistant = stepsOf(plan, now);
  const assistant = {
    does: 'assistant' as const,
    text: 'The assistant answers. Should it drop out, the rest of this plan follows.',
  };
  return {
    sid: routing.sid,
    phone_number: routing.phone_number,
    at: now.toISOString(),
    route: obstacle === undefined ? 'ai' : fallback.route,
    reason,
    why,
    steps: obstacle === undefined ? [assistant, ...afterAssistant] : afterAssistant,
    fallback_twiml: renderTwiml(fallback.verbs),
    warnings: routing.warnings,
  };
}

function stepsOf(plan: RoutingPlan, now: Date): RoutingTest['steps'] {
  const { people, strategy, ring_seconds: seconds, voicemail, message } = plan.fallback;
  const words = wordsIn(plan.language);
  const ends: RoutingTest['steps'] = voicemail
    ? [{ does: 'voicemail', text: message || words.voicemail }]
    : [{ does: 'say', text: message || words.sentence }];
  if (people.length === 0 || !isOpenAt(plan.business_hours, now)) return ends;
  if (strategy === 'all_at_once') {
    return [{ does: 'ring', text: `Everybody is rung at once for ${seconds} seconds.`, people, seconds }, ...ends];
  }
  const rings = people.map((person) => ({
    does: 'ring' as const,
    text: `${person.name} is rung for ${seconds} seconds.`,
    people: [person],
    seconds,
  }));
  return [...rings, ...ends];
}
