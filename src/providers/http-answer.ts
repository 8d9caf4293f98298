/** Reading an answer that is not to be trusted: bounded while it comes in, and nothing until it parses. */
import { storable } from '../storable.ts';

export class AnswerTooLarge extends Error {}
export class NotAsAnnounced extends Error {}

export type TextHeaders = Readonly<Record<string, string>>;

type Stream = AsyncIterable<Uint8Array> & { destroy(): unknown };

/** Headers with one text each; repeated ones are joined as HTTP says. Cookies are nobody's business here. */
export function textHeaders(headers: Record<string, string | string[] | undefined>): TextHeaders {
  const texts: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || name === 'set-cookie') continue;
    texts[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return texts;
}

/** The whole body; throws `AnswerTooLarge` and drops the connection as soon as it passes `maxBytes`. */
export async function readLimited(stream: Stream, headers: TextHeaders, maxBytes: number): Promise<Buffer> {
  if (Number(headers['content-length'] ?? 0) > maxBytes) {
    stream.destroy();
    throw new AnswerTooLarge(`its answer is larger than ${maxBytes} bytes`);
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    length += chunk.length;
    // Leaving the loop destroys the stream.
    if (length > maxBytes) throw new AnswerTooLarge(`its answer is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

/** What stands in JSON where a text holds a NUL or, unless another such follows, half a character. */
const UNSTORABLE = /\\u(?:0000|d[89a-f])/i;

/** The body in the wanted form; of JSON, text that no database could keep is taken out. An empty one is undefined as JSON; one that is not JSON throws `NotAsAnnounced`. */
export function decodeAnswer(bytes: Buffer, headers: TextHeaders, form: 'json' | 'text' | 'bytes'): unknown {
  if (form === 'bytes') return bytes;
  const text = new TextDecoder().decode(bytes);
  if (form === 'text') return text;
  if (text.trim() === '') return undefined;
  const type = headers['content-type'];
  if (type !== undefined && !/\bjson\b/i.test(type))
    throw new NotAsAnnounced(`its answer is not JSON but ${mediaType(type)}`);
  try {
    const value = JSON.parse(text) as unknown;
    return UNSTORABLE.test(text) ? storable(value) : value;
  } catch {
    throw new NotAsAnnounced('its answer is not valid JSON');
  }
}

function mediaType(type: string): string {
  return /^[\w.+-]+\/[\w.+-]+/.exec(type)?.[0].slice(0, 60) ?? 'something else';
}
