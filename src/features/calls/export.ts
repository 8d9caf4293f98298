/**
 * All calls of a tenant as one file, made while it is read: page after page, each in a short transaction of its own, so
 * that neither a million calls nor a slow reader hold up memory or a connection of the database.
 */
import type { Database } from '../../db/connect.ts';
import type { Actor } from '../../http/caller.ts';
import type { Audit } from '../audit/audit.ts';
import { type Call, CALL_FIELDS } from './contract.ts';
import { type CallFilter, type FoundCalls, listCalls } from './store.ts';
import { placeOf, toCall } from './wire.ts';

export type CallExport = ReturnType<typeof createCallExport>;
export type ExportFormat = 'csv' | 'ndjson';
export type ExportFilter = Omit<CallFilter, 'before' | 'most'>;

const PAGE = 500;

export function createCallExport({ db, audit }: { db: Database; audit: Audit }) {
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
    const page = (before: CallFilter['before']) =>
      lane.asTenant(tenantId, (trx) => listCalls(trx, tenantId, { ...filter, before, most: PAGE }));
    const first = await page(undefined);
    const details = { format, filter: JSON.parse(JSON.stringify(filter)) as object };
    await lane.asTenant(tenantId, (trx) =>
      audit.record(trx, { tenantId, actor, action: 'calls.exported', subject: 'calls', details }),
    );
    return write(first, page, format);
  };
}

type Page = (before: CallFilter['before']) => Promise<FoundCalls>;

/** The next page is read while this one is written. */
async function* write(first: FoundCalls, page: Page, format: ExportFormat): AsyncGenerator<string> {
  const line = format === 'csv' ? csvLine : ndjsonLine;
  if (format === 'csv') yield `${CALL_FIELDS.join(',')}\r\n`;
  for (let found: FoundCalls | undefined = first; found !== undefined;) {
    const place: CallFilter['before'] = found.rows.length === PAGE ? placeOf(found.rows.at(-1)!) : found.goOn;
    const next: Promise<FoundCalls> | undefined = place && page(place);
    // Where nobody reads on, nobody hears of it either.
    next?.catch(() => {});
    yield found.rows.map((row) => line(toCall(row))).join('');
    found = await next;
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
