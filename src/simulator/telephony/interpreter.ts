import { gather, pause, play, say } from './verbs.ts';
import { connect } from './connect.ts';
import { dial } from './dial.ts';
import { type Document, fetchDocument } from './documents.ts';
import { answer, isGone, type LiveCall, note, type Source } from './live-call.ts';
import { record } from './record.ts';
import type { Step } from './step.ts';
import { sourceOf } from './step.ts';
import type { Verb } from './twiml.ts';

const MAX_DOCUMENTS = 100;
const ERROR_SENTENCE = 'We are sorry, an application error has occurred. Goodbye.';

/** Follows instructions until they end, the line is dead, or nobody knows any more; then the caller hears the error. */
export async function followInstructions(call: LiveCall, first: Source): Promise<void> {
  let source: Source | undefined = first;
  for (let documents = 0; source && !isGone(call); documents++) {
    const document: Document | undefined = documents < MAX_DOCUMENTS ? await fetchDocument(call, source) : undefined;
    if (isGone(call)) return;
    if (!document) {
      await sayError(call);
      return;
    }
    source = await runVerbs(call, document);
  }
}

async function runVerbs(call: LiveCall, { verbs, url }: Document): Promise<Source | undefined> {
  for (const [index, verb] of verbs.entries()) {
    const step = await runVerb(call, { verb, url, isFirst: index === 0 });
    if (call.next) return takeNext(call);
    if (step === 'end' || isGone(call)) return undefined;
    if (step) return step.goTo;
  }
  return undefined;
}

type At = { verb: Verb; url: string; isFirst: boolean };

async function runVerb(call: LiveCall, { verb, url, isFirst }: At): Promise<Step> {
  switch (verb.name) {
    case 'Say':
      return await say(call, verb);
    case 'Play':
      return await play(call, verb);
    case 'Pause':
      return await pause(call, verb);
    case 'Gather':
      return await gather(call, verb, url);
    case 'Dial':
      return await dial(call, verb, url);
    case 'Record':
      return await record(call, verb, url);
    case 'Connect':
      return await connect(call, verb, url);
    case 'Redirect':
      return { goTo: sourceOf(url, verb.body, verb.attributes.method) };
    case 'Reject':
      return isFirst ? reject(call, verb) : undefined;
    case 'Hangup':
      call.isHungUp = true;
      return 'end';
    default:
      return undefined;
  }
}

function reject(call: LiveCall, { attributes }: Verb): Step {
  call.isHungUp = true;
  call.record.status = attributes.reason === 'busy' ? 'busy' : 'no-answer';
  return 'end';
}

/** The API has sent the call elsewhere in the middle of a verb. */
function takeNext(call: LiveCall): Source | undefined {
  const { next } = call;
  delete call.next;
  call.moved = new AbortController();
  return next;
}

async function sayError(call: LiveCall): Promise<void> {
  answer(call);
  await call.ear.hear('error', ERROR_SENTENCE, 4000, call.gone.signal);
  call.isHungUp = true;
  note(call, { code: 11200, message: 'The caller heard an application error', url: '' });
}
