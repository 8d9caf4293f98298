/** Tells the database's own trouble from a fault in a statement, so that doors answer 503 and callers try again. */
import { GENERAL_ERRORS, PublicError } from '../errors.ts';

/** The database cannot be reached, is restarting, full of connections, or too slow. The cause is kept. */
export class DatabaseUnavailable extends PublicError {
  constructor(cause: unknown) {
    super(
      'database_unavailable',
      GENERAL_ERRORS.database_unavailable,
      'The database does not answer at the moment. Nothing was changed; try again shortly.',
      { retryAfterSeconds: 2, cause },
    );
    this.name = 'DatabaseUnavailable';
  }
}

/** The same error, or `DatabaseUnavailable` where the database and not the statement is to blame. */
export function asDatabaseError(error: unknown): unknown {
  if (error instanceof DatabaseUnavailable) return error;
  return isUnavailability(error) ? new DatabaseUnavailable(error) : error;
}

export function isUnavailability(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  if (typeof code === 'string' && (CODES.has(code) || code.startsWith('08'))) return true;
  if (code === '55000' && error.message.includes(SHUT)) return true;
  return MESSAGES.some((message) => error.message.includes(message));
}

// https://www.postgresql.org/docs/current/errcodes-appendix.html, and those of the operating system.
const CODES = new Set([
  '25006', // a standby answers: fail-over is under way
  '53100', // disk full
  '53200', // out of memory
  '53300', // too many connections
  '57014', // statement_timeout
  '57P01', // being shut down
  '57P02', // another session crashed
  '57P03', // starting up
  '57P05', // session was idle too long
  '25P03', // transaction was idle too long
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
]);

// While a database is restored or renamed its owner shuts it; the code alone has other meanings too.
const SHUT = 'is not currently accepting connections';

// What the driver and its pool throw without a code.
const MESSAGES = [
  'Query read timeout',
  'timeout exceeded when trying to connect',
  'timeout expired',
  'Connection terminated',
  'Client has encountered a connection error',
  'Client was closed and is not queryable',
  'Cannot use a pool after calling end',
  'driver has already been destroyed',
];
