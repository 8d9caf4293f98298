/** The mail that tells what happened on a call, as plain text and as HTML. */

export type CallSummary = {
  assistant: string;
  /** As the person may see it; null when the caller's number was withheld. */
  callerNumber: string | null;
  startedAt: Date;
  durationSeconds: number;
  /** Who took the call, in a word or two. */
  outcome: string;
  /** What was said, in a few sentences; null where there is none. */
  summary: string | null;
  /** Where the whole call can be read. */
  url: string;
};

export function callSummaryMail(call: CallSummary): { subject: string; text: string; html: string } {
  const caller = call.callerNumber ?? 'a withheld number';
  const subject = `Call from ${caller}: ${call.outcome}`;
  const facts: [string, string][] = [
    ['From', caller],
    ['Assistant', call.assistant],
    ['Started', `${call.startedAt.toISOString().slice(0, 16).replace('T', ' ')} UTC`],
    ['Length', lengthOf(call.durationSeconds)],
    ['Outcome', call.outcome],
  ];
  const summary = call.summary ?? 'There is no summary of this call.';
  return { subject, text: asText(facts, summary, call.url), html: asHtml(facts, summary, call.url) };
}

function lengthOf(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  const rest = Math.round(seconds % 60);
  return minutes === 0 ? `${rest} s` : `${minutes} min ${rest} s`;
}

function asText(facts: [string, string][], summary: string, url: string): string {
  const lines = facts.map(([name, value]) => `${name}: ${oneLine(value)}`);
  return `${lines.join('\n')}\n\n${summary}\n\nThe whole call: ${url}\n`;
}

function asHtml(facts: [string, string][], summary: string, url: string): string {
  const rows = facts.map(
    ([name, value]) =>
      `<tr><th align="left" style="padding:2px 12px 2px 0">${escape(name)}</th><td>${escape(value)}</td></tr>`,
  );
  const paragraphs = summary.split(/\n+/).map((part) => `<p>${escape(part)}</p>`);
  return `<!doctype html><html lang="en"><body style="font-family:sans-serif;color:#1a1a1a"><table>${rows.join('')}</table>${paragraphs.join('')}<p><a href="${escape(url)}">Read the whole call</a></p></body></html>`;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ');
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (char) => ENTITIES[char] ?? char);
}
