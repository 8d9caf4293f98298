/** Reads `text/event-stream` out of chunks of text; a half event waits for its other half. */
export type ServerEvent = { id: string | undefined; type: string; data: string };

export function createEventReader(deliver: (event: ServerEvent) => void): { push: (chunk: string) => void } {
  let rest = '';
  let id: string | undefined;
  let type = 'message';
  let data: string[] = [];

  const finish = () => {
    if (data.length > 0) deliver({ id, type, data: data.join('\n') });
    type = 'message';
    data = [];
  };
  const readLine = (line: string) => {
    if (line === '') return finish();
    if (line.startsWith(':')) return;
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'id') id = value;
    else if (field === 'event') type = value;
    else if (field === 'data') data.push(value);
  };

  return {
    push(chunk) {
      const lines = (rest + chunk).split(/\r\n|\n|\r/);
      rest = lines.pop() ?? '';
      for (const line of lines) readLine(line);
    },
  };
}
