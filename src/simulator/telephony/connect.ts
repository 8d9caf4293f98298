import { answer, interruption, type LiveCall, note } from './live-call.ts';
import { sourceOf, type Step } from './step.ts';
import { takeStream } from '../vapi/streams.ts';
import type { ActiveFault } from '../faults.ts';
import type { Verb } from './twiml.ts';

/** Twilio's error for a stream that cannot be opened, and for one that breaks. */
const STREAM_FAILED = 31_920;
const STREAM_CLOSED = 31_921;
const CONNECT_TIMEOUT_MS = 5000;
const REFUSAL_MS = 300;

/** Brings the caller's sound to the AI. When that ends, however it ends, the verb after it runs. */
export async function connect(call: LiveCall, { attributes, children }: Verb, url: string): Promise<Step> {
  answer(call);
  const stream = children.find((child) => child.name === 'Stream');
  const address = stream?.attributes.url ?? '';
  await talk(call, address);
  if (attributes.action === undefined) return undefined;
  return { goTo: sourceOf(url, attributes.action, attributes.method) };
}

async function talk(call: LiveCall, address: string): Promise<void> {
  const { board, record } = call;
  const fault = faultOf(call, address);
  const stream = fault ? undefined : takeStream(board.vapi, address);
  if (!stream) {
    const ms = fault && ['hang', 'drip', 'latency'].includes(fault.kind) ? CONNECT_TIMEOUT_MS : REFUSAL_MS;
    await call.ear.hear('silence', 'the AI is not there', ms, interruption(call));
    note(call, { code: STREAM_FAILED, message: 'The stream could not be connected', url: address });
    return;
  }
  call.vapiCallIds.push(stream.call.id);
  const end = await board.conversations.hold({
    ...stream,
    callSid: record.sid,
    script: call.script,
    ear: call.ear,
    signal: interruption(call),
    canTransfer: stream.call.phoneCallProviderId !== undefined,
  });
  if (end.heardAnything) call.help = 'ai';
  if (end.by === 'lost') note(call, { code: STREAM_CLOSED, message: 'The stream was closed', url: address });
  // Vapi cannot tell a caller who hung up from one whom Twilio was told to take elsewhere.
  if (end.by === 'customer' && !call.moved.signal.aborted) call.gone.abort();
  if (end.transferTo !== undefined) await handOn(call, end.transferTo);
}

async function handOn(call: LiveCall, number: string): Promise<void> {
  const { answers, afterSeconds, talksForSeconds } = call.board.people.at(number);
  await call.ear.hear('ring', `ringing ${number}`, afterSeconds * 1000, interruption(call));
  if (answers !== 'yes' || interruption(call).aborted) return;
  call.help = 'person';
  await call.ear.hear('person', `talk with ${number}`, talksForSeconds * 1000, interruption(call));
}

/** The sound takes the same road as the API: an outage of Vapi hits it too. `STREAM /stream*` names it alone. */
function faultOf({ board }: LiveCall, address: string): ActiveFault | undefined {
  const path = URL.canParse(address) ? new URL(address).pathname : '/stream';
  const fault = board.world.faults.meet({ vendor: 'vapi', method: 'STREAM', path, credential: '' });
  return fault?.kind === 'jitter' ? undefined : fault;
}
