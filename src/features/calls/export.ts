/**
 * All calls of a tenant as one file, made while it is read: page after page, each in a short transaction of its own, so
 * that neither a million calls nor a slow reader hold up memory or a connection of the database.
 */
import type { Clock } from '../../clock.ts';
import type { Database } from '../../db/connect.ts';
import type { Actor } from '../../http/caller.ts';
import type { Audit } from '../audit/audit.ts';
import { type Call, CALL_FIELDS } from './contract.ts';
import { type CallFilter, listCalls } from './store.ts';
import { placeOf, toCall } from './wire.ts';

export type CallExport = ReturnType<typeof createCallExport>;
export type ExportFormat = 'csv' | 'ndjson';
export type ExportFilter = Omit<CallFilter, 'before' | 'most' | 'now'>;

const PAGE = 500;

export function createCallExport({ db, clock, audit }: { db: Database; clock: Clock; audit: Audit }) {
  const lane = db.lane('job');

  /**
   * Resolves to the pieces of the file, newest call first. The first page is read before, so that a database that is
   * away is an error and no empty file; who took the data out of the house is written into the audit trail.
   */
  return async function exportCalls(
    actor: Actor,
    { format, ...filter }: ExportFilter & { format: ExportFormat },
  ): Promise<AsyncGenerator<string>> {
    const { tenantId } = actor;
    const line = format === 'csv' ? csvLine : ndjsonLine;
    const read: Read = async (before) => {
      const wanted = { ...filter, before, most: PAGE, now: clock.now() };
      const found = await lane.asTenant(tenantId, (trx) => listCalls(trx, tenantId, wanted));
      const next = found.rows.length === PAGE ? placeOf(found.rows.at(-1)!) : found.goOn;
      return { text: found.rows.map((row) => line(toCall(row))).join(''), next };
    };
    const first = await read(undefined);
    const details = { format, filter: JSON.parse(JSON.stringify(filter)) as object };
    await lane.asTenant(tenantId, (trx) =>
      audit.record(trx, { tenantId, actor, action: 'calls.exported', subject: 'calls', details }),
    );
    const head = format === 'csv' ? `${CALL_FIELDS.join(',')}\r\n` : '';
    return write({ ...first, text: head + first.text }, read);
  };
}

/** `text`: of as many calls as fit on a page; `next`: where the next one begins. */
type Piece = { text: string; next: CallFilter['before'] };
type Read = (before: CallFilter['before']) => Promise<Piece>;

/** The next piece is read while this one is written. */
async function* write(first: Piece, read: Read): AsyncGenerator<string> {
  for (let piece: Piece | undefined = first; piece !== undefined;) {
    const coming: Promise<Piece> | undefined = piece.next && read(piece.next);
    // Where nobody reads on, nobody hears of it either.
    coming?.catch(() => {});
    if (piece.text !== '') yield piece.text;
    piece = await coming;
  }
}

function ndjsonLine(call: Call): string {
  return `${JSON.stringify(call)}\n`;
}

function csvLine(call: Call): string {
  return `${CALL_FIELDS.map((field) => csvCell(call[field])).join(',')}\r\n`;
}

/** RFC 4180. A text that a spreadsheet would run as a formula gets an apostrophe in front: callers choose their own names. */
export function csvCell(value: string | number | boolean | null): string {
  if (typeof value !== 'string') return value === null ? '' : String(value);
  if (/^\w[\w.:-]*$/.test(value)) return value;
  const text = /^[=+\-@\t\r\n]/.test(value) && !/^\+?\d+$/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
