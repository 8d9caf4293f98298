/** Reads one header as it came, without sorting all the others: Node's own maps of every header cost more than the look. */
import type { IncomingMessage } from 'node:http';

/** Every value of the header `name` (lower case), one for each time it stood in the request; empty when it did not. */
export function headerValues({ headers, rawHeaders }: IncomingMessage, name: string): string[] {
  if (headers[name] === undefined) return [];
  const values: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2)
    if (rawHeaders[i]!.length === name.length && rawHeaders[i]!.toLowerCase() === name) values.push(rawHeaders[i + 1]!);
  return values;
}
