/**
 * What an upstream's statuses mean, as data: one table per upstream, next to that upstream's client. The kind of an error
 * decides whether a circuit counts it (see `verdictOf`): 5xx and 408 count, 429 cools the credential down, every other 4xx
 * is the answer of a working upstream.
 */
import type { ErrorKind } from './upstream-error.ts';

export type FailureTable = {
  /** Exact statuses that mean something else here than in `STANDARD_STATUSES`. */
  statuses?: Readonly<Record<number, ErrorKind>>;
  /** The vendor's own error codes; they win over the status. */
  codes?: Readonly<Record<string, ErrorKind>>;
  /** Statuses that mean something else for one operation. */
  operations?: Readonly<Record<string, Readonly<Record<number, ErrorKind>>>>;
  /** Statuses by which the vendor promises that it did nothing, so that any operation may be repeated. */
  notProcessed?: readonly number[];
};

const STANDARD_STATUSES: Readonly<Record<number, ErrorKind>> = {
  401: 'auth',
  402: 'billing',
  403: 'auth',
  404: 'not_found',
  408: 'timeout',
  409: 'conflict',
  410: 'not_found',
  412: 'conflict',
  429: 'rate_limited',
};

/** The kind of error that this answer is; undefined for a success. A redirect is an error: none is ever followed. */
export function kindOfStatus(
  table: FailureTable,
  answer: { status: number; code?: string | undefined; operation?: string },
): ErrorKind | undefined {
  const { status, code, operation } = answer;
  if (status >= 200 && status < 300) return undefined;
  const ofOperation = operation === undefined ? undefined : table.operations?.[operation]?.[status];
  const ofCode = code === undefined ? undefined : table.codes?.[code];
  return ofOperation ?? ofCode ?? table.statuses?.[status] ?? STANDARD_STATUSES[status] ?? kindOfClass(status);
}

function kindOfClass(status: number): ErrorKind {
  return status >= 400 && status < 500 ? 'invalid' : 'upstream';
}
