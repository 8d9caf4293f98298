/**
 * All calls of a tenant as one file, made while it is read: page after page, each in a short transaction of its own, so
 * that neither a million calls nor a slow reader hold up memory or a connection of the database.
 */
import type { Database } from '../../db/connect.ts';
import type { Actor } from '../../http/caller.ts';
import type { Audit } from '../audit/audit.ts';
import { type Call, CALL_FIELDS } from './contract.ts';
import { type CallFilter, listCalls } from './store.ts';
import { toCall } from './wire.ts';

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

type Rows = Awaited<ReturnType<typeof listCalls>>;

async function* write(
  first: Rows,
  page: (before: CallFilter['before']) => Promise<Rows>,
  format: ExportFormat,
): AsyncGenerator<string> {
  const line = format === 'csv' ? csvLine : ndjsonLine;
  if (format === 'csv') yield `${CALL_FIELDS.join(',')}\r\n`;
  for (let rows = first; rows.length > 0;) {
    yield rows.map((row) => line(toCall(row))).join('');
    const last = rows.at(-1)!;
    rows = rows.length < PAGE ? [] : await page({ time: last.started_at, id: last.id });
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
