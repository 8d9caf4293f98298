/**
 * The one error that a guarded call ends with. Its `kind` decides everything that follows: whether a circuit counts it,
 * whether it may be repeated, which status AVA answers. Every text in it is safe to log and to show: no URL query, no header,
 * no credential.
 */

export type ErrorKind =
  | 'circuit_open'
  | 'timeout'
  | 'network'
  | 'upstream'
  | 'rate_limited'
  | 'auth'
  | 'not_found'
  | 'invalid'
  | 'conflict'
  | 'billing'
  | 'cancelled'
  | 'overloaded';

/** What the vendor said about its refusal: its own words, shortened and cleaned, and its own error code. */
export type VendorMessage = { message: string; code?: string };

export type UpstreamErrorFields = {
  kind: ErrorKind;
  upstream: string;
  detail: string;
  /** False only when it is certain that the request never reached the upstream. */
  connected: boolean;
  status?: number | undefined;
  retryAfterMs?: number | undefined;
  body?: VendorMessage | undefined;
};

/** Refusals come in crowds, when time is short: they are made without a stack, which costs more than all the rest. */
const REFUSALS: ReadonlySet<ErrorKind> = new Set<ErrorKind>(['circuit_open', 'overloaded', 'cancelled']);

export class UpstreamError extends Error {
  override readonly name = 'UpstreamError';
  readonly kind: ErrorKind;
  readonly upstream: string;
  readonly detail: string;
  readonly connected: boolean;
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;
  readonly body: VendorMessage | undefined;

  constructor(fields: UpstreamErrorFields) {
    const { stackTraceLimit } = Error;
    if (REFUSALS.has(fields.kind)) Error.stackTraceLimit = 0;
    super(`${fields.upstream}: ${fields.detail}`);
    Error.stackTraceLimit = stackTraceLimit;
    this.kind = fields.kind;
    this.upstream = fields.upstream;
    this.detail = fields.detail;
    this.connected = fields.connected;
    this.status = fields.status;
    this.retryAfterMs = fields.retryAfterMs;
    this.body = fields.body;
  }
}

/** What an error says about the upstream's health. */
export type Verdict = 'failure' | 'answered' | 'cool_down' | 'none';

const VERDICTS: Readonly<Record<ErrorKind, Verdict>> = {
  timeout: 'failure',
  network: 'failure',
  upstream: 'failure',
  rate_limited: 'cool_down',
  auth: 'answered',
  not_found: 'answered',
  invalid: 'answered',
  conflict: 'answered',
  billing: 'answered',
  circuit_open: 'none',
  cancelled: 'none',
  overloaded: 'none',
};

/** How a circuit sees this error: a failure, an answer of a working upstream, a cool-down, or nothing at all. */
export function verdictOf(kind: ErrorKind): Verdict {
  return VERDICTS[kind];
}
