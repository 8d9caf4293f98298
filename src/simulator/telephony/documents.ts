import { callParams } from './call-params.ts';
import { type Address, type LiveCall, note, type Source, waiting } from './live-call.ts';
import type { TwilioAnswer } from './twilio-request.ts';
import { parseTwiml, type Verb } from './twiml.ts';

/** Instructions, and the address that relative addresses in them start from. */
export type Document = { verbs: Verb[]; url: string };
type Failure = { code: number; message: string };

/**
 * Gets the next instructions. When that fails, the fallback address is asked, with `ErrorCode` and `ErrorUrl`.
 * Undefined when that fails too: the caller will hear an error.
 */
export async function fetchDocument(call: LiveCall, source: Source): Promise<Document | undefined> {
  if ('twiml' in source) return readInline(call, source.twiml);
  const first = await ask(call, source);
  if (!('code' in first)) return first;
  note(call, { ...first, url: source.url });
  const { fallback } = call;
  if (!fallback?.url || fallback.url === source.url) return undefined;
  const params = { ...source.params, ErrorCode: String(first.code), ErrorUrl: source.url };
  const second = await ask(call, { ...fallback, params });
  if (!('code' in second)) return second;
  note(call, { ...second, url: fallback.url });
  return undefined;
}

function readInline(call: LiveCall, twiml: string): Document | undefined {
  const read = readTwiml(call, twiml, '');
  if (!('code' in read)) return read;
  note(call, { ...read, url: '' });
  return undefined;
}

async function ask(call: LiveCall, { url, method, params }: Address) {
  const { account, ear, board } = call;
  const form = { ...callParams(call), ...params };
  const { kind, text } = waiting(call);
  const answer = await ear.hearWhile(kind, text, board.requests.send({ account, url, method, params: form }));
  logEvent(call, { url, method, form, answer });
  if (!answer.ok) return { code: answer.code, message: answer.message };
  return readAnswer(call, answer);
}

/** What an answer means, by its content type. */
function readAnswer(call: LiveCall, answer: TwilioAnswer & { ok: true }): Document | Failure {
  const { contentType, body, url } = answer;
  if (contentType.startsWith('audio/')) return { verbs: [verb('Play', url), verb('Hangup', '')], url };
  if (contentType === 'text/plain') {
    const read = readTwiml(call, body, url);
    return 'code' in read ? { verbs: [verb('Say', body)], url } : read;
  }
  if (!/^(text|application)\/(xml|html)$/.test(contentType)) {
    return { code: 12300, message: `The content type ${contentType || '(none)'} is not valid` };
  }
  return readTwiml(call, body, url);
}

function readTwiml(call: LiveCall, body: string, url: string): Document | Failure {
  try {
    const { verbs, warnings } = parseTwiml(body);
    for (const message of warnings) note(call, { code: 12200, message, url }, true);
    return { verbs, url };
  } catch (error) {
    return { code: 12100, message: (error as Error).message };
  }
}

function verb(name: string, body: string): Verb {
  return { name, body, attributes: {}, children: [] };
}

type Event = { url: string; method: string; form: Record<string, string>; answer: TwilioAnswer };

function logEvent({ account, record }: LiveCall, { url, method, form, answer }: Event): void {
  const events = account.events.get(record.sid) ?? [];
  account.events.set(record.sid, events);
  events.push({
    request: { url, method, parameters: form },
    response: { response_code: answer.status ?? null, response_body: answer.ok ? answer.body : null },
  });
}
