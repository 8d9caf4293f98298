/** What tells of a finished call: a mail, as plain text and as HTML, and a text message. */

export type CallSummary = {
  /** Null where none was asked. */
  assistant: string | null;
  /** As the person may see it; null when the caller's number was withheld. */
  callerNumber: string | null;
  /** Where somebody said it. */
  callerName: string | null;
  startedAt: Date;
  durationSeconds: number;
  /** Who took the call, in a word or two. */
  outcome: string;
  /** The caller left a message. */
  isVoicemail: boolean;
  /** What was said, in a few sentences; null where there is none. */
  summary: string | null;
  /** Where the whole call can be read, and its recording be heard. */
  url: string;
};

export type CallMail = { subject: string; text: string; html: string };

export function callSummaryMail(call: CallSummary): CallMail {
  const subject = call.isVoicemail
    ? `Voicemail from ${callerOf(call)}`
    : `Call from ${callerOf(call)}: ${call.outcome}`;
  const facts: [string, string][] = [
    ['From', callerOf(call)],
    ...(call.assistant === null ? [] : [['Assistant', call.assistant] as [string, string]]),
    [call.isVoicemail ? 'Called' : 'Started', momentOf(call)],
    ['Length', lengthOf(call.durationSeconds)],
    ['Outcome', call.outcome],
  ];
  const link = call.isVoicemail ? 'Listen to the message' : 'The whole call';
  const given = { facts, paragraphs: wordsOf(call), link, url: call.url };
  return { subject, text: asText(given), html: asHtml(given) };
}

/** Short, and of characters that fit 160 into one message: each further part is paid for again. */
export function callSummaryText(call: CallSummary): string {
  const what = call.isVoicemail ? 'Voicemail' : 'Call';
  const outcome = call.isVoicemail ? '' : `: ${call.outcome}`;
  const who = (call.callerNumber ?? 'a withheld number').slice(0, 20);
  return `${what} from ${who}, ${momentOf(call)}${outcome}. ${call.url}`;
}

function callerOf({ callerName, callerNumber }: CallSummary): string {
  const number = callerNumber ?? 'a withheld number';
  return callerName === null ? number : `${callerName} (${number})`;
}

function momentOf({ startedAt }: CallSummary): string {
  return `${startedAt.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

function wordsOf({ isVoicemail, summary }: CallSummary): string[] {
  const said = summary === null ? [] : [summary];
  if (!isVoicemail) return said.length > 0 ? said : ['There is no summary of this call.'];
  return ['The caller left a message.', ...said.map((words) => `The talk before it: ${words}`)];
}

function lengthOf(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  const rest = Math.round(seconds % 60);
  return minutes === 0 ? `${rest} s` : `${minutes} min ${rest} s`;
}

type Given = { facts: [string, string][]; paragraphs: string[]; link: string; url: string };

function asText({ facts, paragraphs, link, url }: Given): string {
  const lines = facts.map(([name, value]) => `${name}: ${oneLine(value)}`);
  return `${lines.join('\n')}\n\n${paragraphs.join('\n\n')}\n\n${link}: ${url}\n`;
}

function asHtml({ facts, paragraphs, link, url }: Given): string {
  const rows = facts.map(
    ([name, value]) =>
      `<tr><th align="left" style="padding:2px 12px 2px 0">${escape(name)}</th><td>${escape(value)}</td></tr>`,
  );
  const parts = paragraphs.flatMap((words) => words.split(/\n+/)).map((part) => `<p>${escape(part)}</p>`);
  return `<!doctype html><html lang="en"><body style="font-family:sans-serif;color:#1a1a1a"><table>${rows.join('')}</table>${parts.join('')}<p><a href="${escape(url)}">${escape(link)}</a></p></body></html>`;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ');
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (char) => ENTITIES[char] ?? char);
}
