/** A mail as the person who opens it reads it: its parts, with the foldings and the encoding of the line undone. */

export type MailParts = { text: string; html: string };

export function partsOf(raw: string): MailParts {
  const found: MailParts = { text: '', html: '' };
  collect(raw, found);
  return found;
}

function collect(entity: string, found: MailParts): void {
  const at = /\r?\n\r?\n/.exec(entity);
  const head = (at ? entity.slice(0, at.index) : entity).replaceAll(/\r?\n[ \t]+/g, ' ');
  const body = at ? entity.slice(at.index + at[0].length) : '';
  const type = headerOf(head, 'content-type') ?? 'text/plain';
  const boundary = /boundary="?([^";]+)"?/i.exec(type)?.[1];
  if (boundary !== undefined) {
    // Before the first boundary stands nothing that is read, and after the last one neither.
    for (const part of body.split(`--${boundary}`).slice(1, -1)) collect(part.replace(/^\r?\n/, ''), found);
    return;
  }
  const readable = decode(body, headerOf(head, 'content-transfer-encoding') ?? '7bit');
  if (/^text\/html/i.test(type)) found.html += readable;
  else if (/^text\/plain/i.test(type)) found.text += readable;
}

function headerOf(head: string, name: string): string | undefined {
  const line = head.split(/\r?\n/).find((one) => one.toLowerCase().startsWith(`${name}:`));
  return line?.slice(name.length + 1).trim();
}

function decode(body: string, encoding: string): string {
  if (/^base64$/i.test(encoding)) return Buffer.from(body, 'base64').toString();
  if (!/^quoted-printable$/i.test(encoding)) return body;
  const bytes = body
    .replaceAll(/=\r?\n/g, '')
    .replaceAll(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString();
}
