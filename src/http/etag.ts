/** Entity tags of configuration resources, and the If-Match that people send back with them (RFC 9110, 13.1.1). */
import { createHash } from 'node:crypto';
import { fail } from '../errors.ts';

/** `*` means that it must exist; a list, that it must be one of these. */
export type IfMatch = '*' | readonly string[];

/** A strong tag of what `state` says; the order of its members does not matter. */
export function etagOf(state: unknown): string {
  return `"${createHash('sha256').update(canonical(state)).digest('base64url').slice(0, 27)}"`;
}

/** Reads the header; undefined when it was not sent. Throws bad_request for anything that is no list of tags. */
export function readIfMatch(header: string | string[] | undefined): IfMatch | undefined {
  if (header === undefined) return undefined;
  const text = [header].flat().join(',').trim();
  if (text === '*') return '*';
  // A proxy that compresses makes tags weak; the tag itself still tells the version.
  const tags = text.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  if (!tags.every((tag) => /^"[\x21\x23-\x7e]{1,200}"$/.test(tag))) {
    throw fail('bad_request', 'If-Match must be * or a list of entity tags in double quotes.');
  }
  return tags;
}

export function matches(ifMatch: IfMatch | undefined, etag: string): boolean {
  return ifMatch === undefined || ifMatch === '*' || ifMatch.includes(etag);
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(',')}}`;
}
