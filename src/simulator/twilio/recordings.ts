import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Account } from './account.ts';
import { callOf } from './calls.ts';
import { notFound } from './errors.ts';
import { pageOf } from './paging.ts';
import { nowIn, type Resource } from './records.ts';
import { accountOf, BASE, type TwilioTwin } from './twin.ts';

const LIST = `${BASE}/Accounts/:accountSid/Recordings`;

export function recordingRoutes(app: FastifyInstance, twin: TwilioTwin): void {
  app.get(`${LIST}.json`, (request) => {
    const account = accountOf(twin, request);
    const { CallSid } = request.query as { CallSid?: string };
    return pageOf(
      request,
      'recordings',
      account.recordings.all().filter((one) => !CallSid || one.call_sid === CallSid),
    );
  });

  app.get(`${BASE}/Accounts/:accountSid/Calls/:sid/Recordings.json`, (request) => {
    const account = accountOf(twin, request);
    const { sid } = callOf(account, request);
    return pageOf(
      request,
      'recordings',
      account.recordings.all().filter((one) => one.call_sid === sid),
    );
  });

  app.get(`${LIST}/:recording`, (request, reply) => sendRecording(twin, request, reply));

  app.delete(`${LIST}/:recording`, (request, reply) => {
    const account = accountOf(twin, request);
    account.recordings.remove(recordingOf(account, request).recording.sid);
    return reply.code(204).send();
  });
}

export type NewRecording = {
  callSid: string;
  seconds: number;
  source: 'RecordVerb' | 'DialVerb' | 'OutboundAPI';
  /** What is heard on it; the twin keeps words instead of sound. */
  words: string;
};

export function makeRecording(twin: TwilioTwin, account: Account, given: NewRecording): Resource {
  const sid = twin.random.sid('RE');
  const uri = `${BASE}/Accounts/${account.sid}/Recordings/${sid}`;
  const now = nowIn(twin.world.time.story);
  return account.recordings.add({
    sid,
    account_sid: account.sid,
    api_version: '2010-04-01',
    call_sid: given.callSid,
    conference_sid: null,
    channels: 1,
    source: given.source,
    status: 'completed',
    duration: String(given.seconds),
    start_time: now,
    date_created: now,
    date_updated: now,
    price: '-0.00250',
    price_unit: 'USD',
    error_code: null,
    encryption_details: null,
    media_url: `${twin.url}${uri}`,
    uri: `${uri}.json`,
    subresource_uris: {},
    simulated_words: given.words,
  });
}

/** With `.json` the record; with `.wav`, `.mp3` or nothing the sound, which needs the credentials as well. */
function sendRecording(twin: TwilioTwin, request: FastifyRequest, reply: FastifyReply) {
  const { recording, format } = recordingOf(accountOf(twin, request), request);
  if (format === 'json') return reply.send(recording);
  const seconds = Number(recording.duration);
  return reply.type(format === 'mp3' ? 'audio/mpeg' : 'audio/x-wav').send(Buffer.alloc(44 + seconds * 160));
}

function recordingOf(account: Account, request: FastifyRequest): { recording: Resource; format: string } {
  const { recording: name } = request.params as { recording: string };
  const [sid = '', format = 'wav'] = name.split('.');
  const recording = account.recordings.find(sid);
  if (!recording) throw notFound(request.url.split('?')[0] ?? '');
  return { recording, format };
}
