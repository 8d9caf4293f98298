/** Where a page of a story ended. */
import { fail } from '../../errors.ts';

export type Place = { at: Date; key: string };

export function writePlace({ at, key }: Place): string {
  return Buffer.from(`${at.toISOString()} ${key}`).toString('base64url');
}

/** Throws `bad_request` for anything that AVA did not give out. */
export function readPlace(cursor: string | undefined): Place | undefined {
  if (cursor === undefined) return undefined;
  const [, time = '', key = ''] = /^(\S+) (.+)$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  if (key === '' || Number.isNaN(Date.parse(time)))
    throw fail('bad_request', 'The cursor is not one that AVA gave out.');
  return { at: new Date(time), key };
}
