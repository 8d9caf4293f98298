import type { Resource } from '../twilio/records.ts';
import { createEar } from './ear.ts';
import type { LiveCall } from './live-call.ts';
import type { Person } from './people.ts';
import { sourceOf } from './step.ts';
import type { Verb } from './twiml.ts';

type Screened = { noun: Verb; record: Resource; person: Required<Person>; base: string };

/**
 * Plays the `url` of a `Number` to the person who has picked up, while the caller still hears it ring.
 * False when those instructions hang up: the person did not want the call, or was a machine.
 */
export async function screen(call: LiveCall, { noun, record, person, base }: Screened): Promise<boolean> {
  const { url, method } = noun.attributes;
  if (!url) return true;
  const leg = legOf(call, record, person);
  const cancel = () => leg.gone.abort();
  call.gone.signal.addEventListener('abort', cancel, { once: true });
  await call.board.follow(leg, sourceOf(base, url, method));
  call.gone.signal.removeEventListener('abort', cancel);
  call.problems.push(...leg.problems);
  if (leg.ear.atMs() > 0) call.ear.note('ring', 'ringing', leg.ear.atMs());
  return !leg.isHungUp && !leg.gone.signal.aborted;
}

function legOf(call: LiveCall, record: Resource, person: Required<Person>): LiveCall {
  const presses = person.answers === 'machine' ? null : person.presses;
  const { help: _, next: __, onAnswer: ___, fallback: ____, ...shared } = call;
  return {
    ...shared,
    record,
    script: presses === null ? {} : { presses },
    ear: createEar(call.board.world.time),
    gone: new AbortController(),
    moved: new AbortController(),
    isAnswered: true,
    isHungUp: false,
    problems: [],
    vapiCallIds: [],
  };
}
