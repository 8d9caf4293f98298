import { makeRecording } from '../twilio/recordings.ts';
import { speechMs } from './ear.ts';
import { answer, interruption, isGone, type LiveCall } from './live-call.ts';
import { callParams } from './call-params.ts';
import { sourceOf, type Step } from './step.ts';
import type { Verb } from './twiml.ts';

const USUAL_MESSAGE = 'Hello, this is about my appointment. Please call me back. Thank you, goodbye.';

/** The caller speaks, and hangs up when all is said: the action is asked with `Digits=hangup`, and nobody hears it. */
export async function record(call: LiveCall, { attributes }: Verb, url: string): Promise<Step> {
  answer(call);
  const { voicemail = USUAL_MESSAGE, presses } = call.script;
  if (voicemail === null) {
    call.gone.abort();
    return 'end';
  }
  const maxMs = Number(attributes.maxLength ?? (attributes.transcribe === 'true' ? 120 : 3600)) * 1000;
  const ms = Math.min(maxMs, speechMs(voicemail));
  await call.ear.hear('voicemail', voicemail, ms, interruption(call));
  if (isGone(call)) return 'end';
  call.help = 'voicemail';
  const endsByKey = presses !== undefined && presses !== '';
  const given = keep(call, { attributes, words: voicemail, seconds: Math.ceil(ms / 1000), endsByKey });
  const action = sourceOf(url, attributes.action ?? '', attributes.method, given);
  if (endsByKey || ms === maxMs) return { goTo: action };
  call.gone.abort();
  const { board, account } = call;
  const params = { ...callParams(call), ...given };
  board.track(board.requests.send({ account, url: action.url, method: action.method, params }));
  return 'end';
}

type Kept = { attributes: Record<string, string>; words: string; seconds: number; endsByKey: boolean };

function keep(call: LiveCall, { attributes, words, seconds, endsByKey }: Kept): Record<string, string> {
  const { board, account, record: callRecord } = call;
  const made = { callSid: callRecord.sid, seconds, words, source: 'RecordVerb' as const };
  const recording = makeRecording(board.twilio, account, made);
  const params = {
    RecordingUrl: String(recording.media_url),
    RecordingSid: recording.sid,
    RecordingDuration: String(seconds),
  };
  const { recordingStatusCallback: callback } = attributes;
  if (callback) {
    const told = {
      ...params,
      CallSid: callRecord.sid,
      AccountSid: account.sid,
      RecordingStatus: 'completed',
      RecordingChannels: '1',
      RecordingSource: 'RecordVerb',
    };
    board.track(board.requests.send({ account, url: callback, params: told }));
  }
  return { ...params, Digits: endsByKey ? '#' : 'hangup' };
}
