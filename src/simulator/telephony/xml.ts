/** Just enough XML for TwiML. Anything that is not well-formed is refused, as Twilio refuses it. */
export type Element = { name: string; attributes: Record<string, string>; children: Element[]; text: string };

export class XmlError extends Error {}

/** Reads one document. Throws an `XmlError` that says what is wrong and where. */
export function parseXml(source: string): Element {
  const reader = new Reader(source.replace(/^\uFEFF/, ''));
  reader.skipProlog();
  const root = readElement(reader);
  reader.skipMisc();
  if (!reader.atEnd()) reader.fail('Content is not allowed after the root element');
  return root;
}

class Reader {
  private readonly source: string;
  private at = 0;

  constructor(source: string) {
    this.source = source;
  }

  atEnd(): boolean {
    return this.at >= this.source.length;
  }

  startsWith(text: string): boolean {
    return this.source.startsWith(text, this.at);
  }

  fail(message: string): never {
    throw new XmlError(`${message} (at character ${this.at})`);
  }

  /** Takes what matches at this place, and answers it; undefined when nothing does. */
  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.source)?.[0];
    if (found !== undefined) this.at += found.length;
    return found;
  }

  takeThrough(end: string, what: string): string {
    const stop = this.source.indexOf(end, this.at);
    if (stop < 0) this.fail(`${what} is not closed`);
    const found = this.source.slice(this.at, stop);
    this.at = stop + end.length;
    return found;
  }

  skipProlog(): void {
    this.take(/\s*/y);
    if (this.take(/<\?xml\s/y)) this.takeThrough('?>', 'The XML declaration');
    this.skipMisc();
    if (this.startsWith('<!DOCTYPE')) this.fail('A document type is not allowed');
  }

  skipMisc(): void {
    for (;;) {
      this.take(/\s*/y);
      if (this.take(/<!--/y)) this.takeThrough('-->', 'A comment');
      else if (this.take(/<\?/y)) this.takeThrough('?>', 'A processing instruction');
      else return;
    }
  }
}

const NAME = /[A-Za-z_][\w.:-]*/y;

function readElement(reader: Reader): Element {
  if (!reader.take(/</y)) reader.fail('An element is expected');
  const name = reader.take(NAME) ?? reader.fail('An element has no name');
  const attributes = readAttributes(reader);
  if (reader.take(/\/>/y)) return { name, attributes, children: [], text: '' };
  if (!reader.take(/>/y)) reader.fail(`The tag of ${name} is not closed`);
  const element: Element = { name, attributes, children: [], text: '' };
  readContent(reader, element);
  return element;
}

function readAttributes(reader: Reader): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (;;) {
    const space = reader.take(/\s+/y);
    const name = reader.take(NAME);
    if (!name) return attributes;
    if (!space) reader.fail('A blank is missing before an attribute');
    if (!reader.take(/\s*=\s*/y)) reader.fail(`The attribute ${name} has no value`);
    const quoted = reader.take(/"[^"<]*"|'[^'<]*'/y) ?? reader.fail(`The value of ${name} is not quoted`);
    if (Object.hasOwn(attributes, name)) reader.fail(`The attribute ${name} is there twice`);
    attributes[name] = decode(quoted.slice(1, -1), reader);
  }
}

function readContent(reader: Reader, element: Element): void {
  for (;;) {
    element.text += decode(reader.take(/[^<]*/y) ?? '', reader);
    if (reader.atEnd()) reader.fail(`${element.name} is not closed`);
    if (reader.take(/<!--/y)) reader.takeThrough('-->', 'A comment');
    else if (reader.take(/<!\[CDATA\[/y)) element.text += reader.takeThrough(']]>', 'CDATA');
    else if (reader.take(/<\//y)) return closeElement(reader, element.name);
    else element.children.push(readElement(reader));
  }
}

function closeElement(reader: Reader, name: string): void {
  const closed = reader.take(NAME);
  if (closed !== name) reader.fail(`${name} is closed by ${closed ?? 'nothing'}`);
  if (!reader.take(/\s*>/y)) reader.fail(`The end tag of ${name} is not closed`);
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function decode(text: string, reader: Reader): string {
  return text.replaceAll(/&([^;&\s]*);?/g, (whole, name: string) => {
    const code = /^#(?:x([0-9a-f]+)|(\d+))$/i.exec(name);
    if (!whole.endsWith(';')) return reader.fail('A bare & is not allowed');
    if (code) return String.fromCodePoint(code[1] ? Number.parseInt(code[1], 16) : Number(code[2]));
    return ENTITIES[name] ?? reader.fail(`The entity ${name} is not known`);
  });
}
