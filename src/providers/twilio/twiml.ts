/**
 * TwiML as data: verbs go in, escaped XML comes out, and nothing that a caller said can become a verb.
 * Also tells whether what another party calls TwiML is safe to hand to Twilio.
 */
export type Verb =
  | { say: string; language?: string | undefined }
  | {
      dial: { number: string; whisperUrl?: string | undefined }[];
      timeoutSeconds: number;
      action?: string | undefined;
      answerOnBridge?: boolean;
    }
  | { record: { action: string; statusCallback?: string | undefined; maxSeconds: number; method?: 'GET' | 'POST' } }
  | { gather: { action: string; digits: number; timeoutSeconds: number; say: string; language?: string | undefined } }
  | { redirect: string }
  | { pause: number }
  | { hangup: true };

const HEAD = '<?xml version="1.0" encoding="UTF-8"?>';

/** A whole document. */
export function renderTwiml(verbs: readonly Verb[]): string {
  return `${HEAD}<Response>${verbs.map(renderVerb).join('')}</Response>`;
}

/** Escapes text for element content and attributes; what XML 1.0 cannot hold is left out. */
export function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(NOT_XML, '')
    .replaceAll(/[&<>"']/g, (char) => ENTITIES[char]!);
}

// eslint-disable-next-line no-control-regex
const NOT_XML = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F\uFFFE\uFFFF]/g;
const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };

const SAY_LIMIT = 4096;

function renderVerb(verb: Verb): string {
  if ('say' in verb) return say(verb.say, verb.language);
  if ('dial' in verb) {
    const legs = verb.dial.map((leg) => element('Number', leg.number, { url: leg.whisperUrl }));
    const { timeoutSeconds: timeout, action, answerOnBridge = true } = verb;
    return container('Dial', { timeout, answerOnBridge, action }, legs.join(''));
  }
  if ('record' in verb) {
    const { action, statusCallback, maxSeconds, method } = verb.record;
    const attributes = {
      action,
      method,
      maxLength: maxSeconds,
      playBeep: true,
      recordingStatusCallback: statusCallback,
    };
    return element('Record', undefined, attributes);
  }
  if ('gather' in verb) {
    const { action, digits, timeoutSeconds, say: words, language } = verb.gather;
    return container('Gather', { action, numDigits: digits, timeout: timeoutSeconds }, say(words, language));
  }
  if ('redirect' in verb) return element('Redirect', verb.redirect, { method: 'POST' });
  if ('pause' in verb) return element('Pause', undefined, { length: verb.pause });
  return '<Hangup/>';
}

function say(text: string, language: string | undefined): string {
  return element('Say', text.slice(0, SAY_LIMIT), { language });
}

type Attributes = Record<string, string | number | boolean | undefined>;

function element(name: string, content: string | undefined, attributes: Attributes): string {
  const open = `<${name}${renderAttributes(attributes)}`;
  return content === undefined ? `${open}/>` : `${open}>${escapeXml(content)}</${name}>`;
}

function container(name: string, attributes: Attributes, inner: string): string {
  return `<${name}${renderAttributes(attributes)}>${inner}</${name}>`;
}

function renderAttributes(attributes: Attributes): string {
  return Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}="${escapeXml(String(value))}"`)
    .join('');
}

const MAX_FOREIGN_CHARS = 64 * 1024;
const MAX_DEPTH = 16;
// One construct of XML at a time; the alternatives start with different characters, so there is nothing to backtrack into.
const TOKEN =
  /<\?xml[^?<>]*\?>|<!--[^-<>]*-->|<\/([A-Za-z][\w:.-]*)\s*>|<([A-Za-z][\w:.-]*)((?:\s+[A-Za-z_:][\w:.-]*\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|([^<]+)/gy;
const BARE_AMPERSAND = /&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[\dA-Fa-f]{1,6});)/;

/**
 * The names of the verbs directly under the root, in order, when `text` is one well-formed `Response` that does
 * something; undefined for anything else. No document type, no processing instructions, at most 64 KiB.
 */
export function verbsOfTwiml(text: string): string[] | undefined {
  if (text.length > MAX_FOREIGN_CHARS || BARE_AMPERSAND.test(text)) return undefined;
  const open: string[] = [];
  const verbs: string[] = [];
  let position = 0;
  let isDone = false;
  TOKEN.lastIndex = 0;
  for (let token = TOKEN.exec(text); token; token = TOKEN.exec(text)) {
    position = TOKEN.lastIndex;
    const [whole, closing, opening, , selfClosing, words] = token;
    if (whole.startsWith('<?') && token.index !== 0) return undefined;
    if (words !== undefined && open.length === 0 && words.trim() !== '') return undefined;
    if (closing !== undefined) {
      if (open.pop() !== closing) return undefined;
      isDone = open.length === 0;
    }
    if (opening === undefined) continue;
    if (isDone || open.length >= MAX_DEPTH) return undefined;
    if (open.length === 0 && opening !== 'Response') return undefined;
    if (open.length === 1) verbs.push(opening);
    if (!selfClosing) open.push(opening);
    else if (open.length === 0) return undefined;
  }
  return position === text.length && isDone && verbs.length > 0 ? verbs : undefined;
}

/** Puts `more` behind the last verb of a document that `verbsOfTwiml` accepted. */
export function appendToTwiml(document: string, more: readonly Verb[]): string {
  const end = document.lastIndexOf('</Response');
  return document.slice(0, end) + more.map(renderVerb).join('') + document.slice(end);
}
