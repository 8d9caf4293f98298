/**
 * Errors that people outside may see. Each has a stable code, listed in docs/errors.md; one place (http/problem.ts)
 * turns it into an RFC 9457 reply. Anything else that is thrown becomes `internal`.
 */

/** What a room declares about one of its error codes. */
export type ErrorKind = { status: number; title: string };

export type FieldProblem = { field: string; message: string };

export type PublicErrorOptions = {
  retryAfterSeconds?: number | undefined;
  fields?: FieldProblem[] | undefined;
  /** Further members of the problem document, such as `current` and `diff` of a conflict. */
  members?: Record<string, unknown> | undefined;
  cause?: unknown;
};

const OF_CROWDS = new Set([429, 503]);

export class PublicError extends Error {
  readonly code: string;
  readonly status: number;
  readonly title: string;
  readonly options: PublicErrorOptions;

  constructor(code: string, kind: ErrorKind, detail: string, options: PublicErrorOptions = {}) {
    const { stackTraceLimit } = Error;
    // Refusals come in crowds, when time is short, and a stack costs more than all the rest; a cause brings its own.
    if (options.cause !== undefined || OF_CROWDS.has(kind.status)) Error.stackTraceLimit = 0;
    super(detail, { cause: options.cause });
    Error.stackTraceLimit = stackTraceLimit;
    this.name = 'PublicError';
    this.code = code;
    this.status = kind.status;
    this.title = kind.title;
    this.options = options;
  }
}

/**
 * Makes the thrower for a room's table of codes: `const fail = errorsOf(ERRORS); throw fail('not_found', 'No such …')`.
 * The codes are checked by the compiler.
 */
export function errorsOf<Codes extends Record<string, ErrorKind>>(kinds: Codes) {
  return (code: keyof Codes & string, detail: string, options?: PublicErrorOptions): PublicError => {
    const kind = kinds[code];
    if (!kind) throw new Error(`unknown error code ${code}`);
    return new PublicError(code, kind, detail, options);
  };
}

/** Codes that belong to no room: the wire itself, identity, limits, and faults. */
export const GENERAL_ERRORS = {
  bad_request: { status: 400, title: 'Bad request' },
  malformed_json: { status: 400, title: 'Malformed JSON' },
  unauthenticated: { status: 401, title: 'Not signed in' },
  forbidden: { status: 403, title: 'Not allowed' },
  not_found: { status: 404, title: 'Not found' },
  method_not_allowed: { status: 405, title: 'Method not allowed' },
  request_timeout: { status: 408, title: 'Request timed out' },
  conflict: { status: 412, title: 'Changed by somebody else' },
  payload_too_large: { status: 413, title: 'Body too large' },
  unsupported_media_type: { status: 415, title: 'Unsupported media type' },
  validation_failed: { status: 422, title: 'Some fields are not valid' },
  idempotency_key_reused: { status: 422, title: 'Idempotency key used with another request' },
  idempotency_outcome_unknown: { status: 409, title: 'Nobody knows whether the request had its effect' },
  idempotency_in_progress: { status: 409, title: 'The same request is still being worked on' },
  rate_limited: { status: 429, title: 'Too many requests' },
  headers_too_large: { status: 431, title: 'Request headers too large' },
  internal: { status: 500, title: 'Something went wrong in AVA' },
  upstream_failed: { status: 502, title: 'An upstream service failed' },
  upstream_rejected: { status: 422, title: 'An upstream service refused the request' },
  upstream_unavailable: { status: 503, title: 'An upstream service is unavailable' },
  upstream_timeout: { status: 504, title: 'An upstream service did not answer in time' },
  vapi_credentials_rejected: { status: 401, title: 'Vapi rejected the API key' },
  twilio_credentials_rejected: { status: 401, title: 'Twilio rejected the credentials' },
  vapi_not_configured: { status: 409, title: 'Vapi is not configured' },
  twilio_not_configured: { status: 409, title: 'Twilio is not configured' },
  database_unavailable: { status: 503, title: 'The database is unavailable' },
  draining: { status: 503, title: 'This replica is shutting down' },
  overloaded: { status: 503, title: 'Too much work at once' },
} satisfies Record<string, ErrorKind>;

export const fail = errorsOf(GENERAL_ERRORS);
