/** Cursors of lists that run by time: behind the last item that was shown, whatever was added in the meantime. */
import { fail } from '../errors.ts';
import { isUuid } from '../uuid.ts';

export type TimeCursor = { time: Date; id: string };

export function writeCursor({ time, id }: TimeCursor): string {
  return Buffer.from(`${time.toISOString()} ${id}`).toString('base64url');
}

/** Throws `bad_request` for anything that AVA did not give out. `id` is a UUID. */
export function readCursor(cursor: string | undefined): TimeCursor | undefined {
  if (cursor === undefined) return undefined;
  const [time = '', id = ''] = Buffer.from(cursor, 'base64url').toString().split(' ');
  if (Number.isNaN(Date.parse(time)) || !isUuid(id)) {
    throw fail('bad_request', 'The cursor is not one that AVA gave out.');
  }
  return { time: new Date(time), id };
}
