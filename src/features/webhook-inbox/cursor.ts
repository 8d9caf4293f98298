/** Where a list goes on: behind the last item that was shown, whatever was added in the meantime. */
import { fail } from '../../errors.ts';

export function cursorOf(last: { received_at: string; id: string }): string {
  return Buffer.from(`${last.received_at} ${last.id}`).toString('base64url');
}

export function readCursor(cursor: string | undefined): { time: Date; id: string } | undefined {
  if (cursor === undefined) return undefined;
  const [time = '', id = ''] = Buffer.from(cursor, 'base64url').toString().split(' ');
  if (Number.isNaN(Date.parse(time)) || !/^[0-9a-f-]{36}$/.test(id)) {
    throw fail('bad_request', 'The cursor is not one that AVA gave out.');
  }
  return { time: new Date(time), id };
}
