import { speechMs } from './ear.ts';
import { answer, interruption, type LiveCall } from './live-call.ts';
import { sourceOf, type Step } from './step.ts';
import type { Verb } from './twiml.ts';

const PLAY_MS = 3000;

export async function say(call: LiveCall, { body, attributes }: Verb): Promise<Step> {
  answer(call);
  call.help ??= 'sentence';
  for (let round = 0; round < loops(attributes.loop) && !interruption(call).aborted; round++) {
    await call.ear.hear('say', body, speechMs(body), interruption(call));
  }
  return undefined;
}

export async function play(call: LiveCall, { body, attributes }: Verb): Promise<Step> {
  answer(call);
  if (attributes.digits) return undefined;
  call.help ??= 'sentence';
  for (let round = 0; round < loops(attributes.loop) && !interruption(call).aborted; round++) {
    await call.ear.hear('play', body, PLAY_MS, interruption(call));
  }
  return undefined;
}

export async function pause(call: LiveCall, { attributes }: Verb): Promise<Step> {
  answer(call);
  await call.ear.hear('silence', '', Number(attributes.length ?? 1) * 1000, interruption(call));
  return undefined;
}

/** Asks for keys. Whoever is on the line presses what its script says, once. */
export async function gather(call: LiveCall, { attributes, children }: Verb, url: string): Promise<Step> {
  answer(call);
  for (const child of children) {
    if (child.name === 'Say') await say(call, child);
    else if (child.name === 'Play') await play(call, child);
    else if (child.name === 'Pause') await pause(call, child);
  }
  const digits = takeDigits(call, attributes);
  if (digits === '') await call.ear.hear('silence', '', Number(attributes.timeout ?? 5) * 1000, interruption(call));
  if (digits === '' && attributes.actionOnEmptyResult !== 'true') return undefined;
  return { goTo: sourceOf(url, attributes.action ?? '', attributes.method, { Digits: digits }) };
}

function takeDigits(call: LiveCall, { numDigits, finishOnKey = '#' }: Record<string, string>): string {
  const { presses = '' } = call.script;
  const finish = finishOnKey ? presses.indexOf(finishOnKey) : -1;
  const end = numDigits ? Number(numDigits) : finish >= 0 ? finish : presses.length;
  call.script = { ...call.script, presses: presses.slice(end + (finish === end ? 1 : 0)) };
  return presses.slice(0, end);
}

/** `0` means without end; a caller has hung up long before that. */
function loops(given: string | undefined): number {
  const count = Number(given ?? 1);
  return count === 0 ? 50 : count;
}
