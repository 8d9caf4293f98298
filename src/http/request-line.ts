/**
 * The log line of a finished request, byte for byte as pino would write it. Every request pays for one, and pino, which finds
 * out anew each time what the members are, takes four times as long.
 */
import { STATUS_CODES } from 'node:http';
import pino from 'pino';
import type { Log } from '../log.ts';

export type RequestLine = {
  correlationId: string;
  method: string;
  /** Without its query. */
  path: string;
  status: number;
  durationMs: number;
  tenant: string | undefined;
  user: string | undefined;
  synthetic: boolean;
};

const chindingsSym: typeof pino.symbols.chindingsSym = pino.symbols.chindingsSym;
const streamSym: typeof pino.symbols.streamSym = pino.symbols.streamSym;
const timeSym: typeof pino.symbols.timeSym = pino.symbols.timeSym;

/** What pino keeps of a log: where lines go, the time as a member of a line, and the members that every line has. */
type Inner = Record<typeof streamSym, { write(line: string): void }> &
  Record<typeof timeSym, () => string> &
  Record<typeof chindingsSym, string>;

export function writeRequestLine(log: Log, line: RequestLine): void {
  if (!log.isLevelEnabled('info')) return;
  const { method, status, tenant, user } = line;
  const inner = log as unknown as Inner;
  // Method, status and correlation id were checked where they came in; only these may hold what JSON writes otherwise.
  const path = JSON.stringify(line.path).slice(1, -1);
  const who =
    (tenant === undefined ? '' : `,"tenant":${JSON.stringify(tenant)}`) +
    (user === undefined ? '' : `,"user":${JSON.stringify(user)}`);
  const what = `,"method":"${method}","path":"${path}","status":${status},"duration_ms":${rounded(line.durationMs)}`;
  inner[streamSym].write(
    `{"level":"info"${inner[timeSym]()}${inner[chindingsSym]},"X-Correlation-ID":"${line.correlationId}"${what}${who}` +
      `${line.synthetic ? ',"synthetic":true' : ''},"msg":"${method} ${path} ${status} ${reasonOf(status)}"}\n`,
  );
}

function rounded(ms: number): number {
  return Math.round(ms * 100) / 100;
}

const CLOSED_BY_CLIENT = 499;

function reasonOf(status: number): string {
  return status === CLOSED_BY_CLIENT ? 'Client Closed Request' : (STATUS_CODES[status] ?? 'Unknown');
}
