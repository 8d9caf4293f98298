/** Carries one request to AVA and reads its answer; every failure becomes an `ApiError` that says what a person can do. */
import type { z } from 'zod';
import type { problemSchema } from './http/shapes.ts';

export type Problem = z.output<typeof problemSchema>;
export type Query = Record<string, string | number | boolean | null | undefined>;
export type ApiRequest = {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below `/api/v1`. */
  path: string;
  query?: Query | undefined;
  body?: unknown;
  ifMatch?: string | undefined;
  idempotencyKey?: string | undefined;
  /** Sent without a token; a 401 is an answer, not the end of the session. */
  anonymous?: boolean;
  /** Members that an answer must have; without them it counts as unreadable. */
  expects?: readonly string[];
  as?: 'json' | 'blob' | 'stream';
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
};

/** Where tokens come from. */
export type Authorizer = {
  /** The token to send; undefined sends none. May wait for a renewal. */
  token: () => Promise<string | undefined>;
  /** Told that `token` was refused as `unauthenticated`; true: send the request again. */
  refused(token: string | undefined): Promise<boolean>;
};

export type TransportOptions = {
  /** Origin and path in front of `/api/v1`; empty in a page of the same origin. */
  baseUrl: string;
  authorizer?: Authorizer;
  fetch?: typeof fetch;
  timeoutMs?: number;
};

export type Transport = <T>(request: ApiRequest) => Promise<T>;

/** Codes beside those of the server: `offline` (no answer), `timeout`, `unreadable` (not what was promised). */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly correlationId: string;
  readonly retryAfterMs: number | undefined;
  readonly problem: Problem | undefined;

  constructor(facts: {
    status: number;
    code: string;
    detail: string;
    correlationId: string;
    retryAfterMs?: number | undefined;
    problem?: Problem | undefined;
    cause?: unknown;
  }) {
    super(facts.detail, { cause: facts.cause });
    this.name = 'ApiError';
    this.status = facts.status;
    this.code = facts.code;
    this.correlationId = facts.correlationId;
    this.retryAfterMs = facts.retryAfterMs;
    this.problem = facts.problem;
  }
}

const DEFAULT_TIMEOUT_MS = 25_000;

export function createTransport(options: TransportOptions): Transport {
  return async <T>(request: ApiRequest): Promise<T> => {
    const { authorizer } = options;
    if (request.anonymous === true || authorizer === undefined)
      return readAnswer<T>(request, await carry(options, request));
    const token = await authorizer.token();
    const first = await carry(options, request, token);
    if (first.response.status !== 401 || (await codeOf(first.response)) !== 'unauthenticated') {
      return readAnswer<T>(request, first);
    }
    // A refused request had no effect, so sending it again cannot double anything.
    if (!(await authorizer.refused(token))) return readAnswer<T>(request, first);
    return readAnswer<T>(request, await carry(options, request, await authorizer.token()));
  };
}

type Carried = { response: Response; correlationId: string };

async function carry(options: TransportOptions, request: ApiRequest, token?: string): Promise<Carried> {
  const correlationId = newId();
  const timeout = AbortSignal.timeout(options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  const signals = [request.signal, request.as === 'stream' ? undefined : timeout].filter((one) => one !== undefined);
  try {
    const response = await (options.fetch ?? fetch)(addressOf(options.baseUrl, request), {
      method: request.method,
      headers: headersOf(request, correlationId, token),
      body: request.body === undefined ? null : JSON.stringify(request.body),
      signal: AbortSignal.any(signals),
      credentials: 'same-origin',
    });
    return { response, correlationId: response.headers.get('X-Correlation-ID') ?? correlationId };
  } catch (cause) {
    if (request.signal?.aborted === true) throw cause;
    const code = timeout.aborted ? 'timeout' : 'offline';
    const detail = code === 'timeout' ? 'AVA did not answer in time.' : 'AVA cannot be reached.';
    throw new ApiError({ status: 0, code, detail, correlationId, cause });
  }
}

function addressOf(baseUrl: string, { path, query = {} }: ApiRequest): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== '');
  const search = new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)])).toString();
  return `${baseUrl}/api/v1${path}${search === '' ? '' : `?${search}`}`;
}

function headersOf(request: ApiRequest, correlationId: string, token: string | undefined): Record<string, string> {
  return {
    Accept: request.as === 'stream' ? 'text/event-stream' : 'application/json',
    'X-Correlation-ID': correlationId,
    ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    ...(request.body === undefined ? {} : { 'Content-Type': 'application/json' }),
    ...(request.ifMatch === undefined ? {} : { 'If-Match': request.ifMatch }),
    ...(request.idempotencyKey === undefined ? {} : { 'Idempotency-Key': request.idempotencyKey }),
    ...request.headers,
  };
}

async function readAnswer<T>(request: ApiRequest, carried: Carried): Promise<T> {
  const { response } = carried;
  if (!response.ok) throw await refusalOf(carried);
  if (request.as === 'stream') return response as T;
  if (request.as === 'blob') return (await response.blob()) as T;
  if (response.status === 204) return undefined as T;
  const body: unknown = await response.json().catch((cause: unknown) => {
    throw unreadable(carried, cause);
  });
  const isWhole = (request.expects ?? []).every((name) => isObject(body) && name in body);
  if (!isWhole) throw unreadable(carried);
  return body as T;
}

async function refusalOf(carried: Carried): Promise<ApiError> {
  const { response, correlationId } = carried;
  const problem = await problemOf(response);
  return new ApiError({
    status: response.status,
    code: problem?.code ?? `http_${response.status}`,
    detail: problem?.detail ?? `AVA answered ${response.status}.`,
    correlationId: problem?.correlation_id ?? correlationId,
    retryAfterMs: retryAfterMsOf(response),
    problem,
  });
}

function unreadable({ response, correlationId }: Carried, cause?: unknown): ApiError {
  const detail = "AVA's answer could not be read.";
  return new ApiError({ status: response.status, code: 'unreadable', detail, correlationId, cause });
}

async function codeOf(response: Response): Promise<string | undefined> {
  return (await problemOf(response.clone()))?.code;
}

async function problemOf(response: Response): Promise<Problem | undefined> {
  const body: unknown = await response.json().catch(() => undefined);
  return isObject(body) && typeof body['code'] === 'string' ? (body as Problem) : undefined;
}

function retryAfterMsOf(response: Response): number | undefined {
  const header = response.headers.get('Retry-After');
  const seconds = header === null ? Number.NaN : Number(header);
  return Number.isFinite(seconds) ? seconds * 1000 : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** A random id; `crypto.randomUUID` exists on secure origins only, and a dashboard may stand on plain http in a LAN. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}
