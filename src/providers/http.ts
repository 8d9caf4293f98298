/**
 * The one way out: every HTTP call that AVA makes to anybody passes here, through the guard, over one pool of connections per origin.
 * Redirects are never followed, answers are bounded in time and size and are not believed until they parse, and no error carries a
 * header, a query or a credential.
 */
// The two parts that are used: the whole library is dear at every start, and loads Node's own second copy of it.
import send from 'undici/lib/api/api-request.js';
import Agent from 'undici/lib/dispatcher/agent.js';
import type { Clock } from '../clock.ts';
import type { Emit } from '../resilience/facts.ts';
import { kindOfStatus } from '../resilience/failure-table.ts';
import type { AttemptContext, Credential, Guard, Lane } from '../resilience/guard.ts';
import { networkError } from '../resilience/network-error.ts';
import { parseRateLimitReset, parseRetryAfter } from '../resilience/retry-after.ts';
import { UpstreamError } from '../resilience/upstream-error.ts';
import { EgressRefused, guardedLookup, refusalOfUrl } from './egress.ts';
import { AnswerTooLarge, decodeAnswer, NotAsAnnounced, readLimited, textHeaders } from './http-answer.ts';
import type { TextHeaders } from './http-answer.ts';
import { vendorMessage } from './vendor-message.ts';

export type HttpMethod = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
export type AnswerForm = 'json' | 'text' | 'bytes';

/** Checks the shape of an answer, as a zod schema does: returns it or throws. */
export type Expectation<T> = { parse(value: unknown): T };

export type HttpRequest<T = unknown> = {
  upstream: string;
  credential: Credential | null;
  /** A short stable name for facts and metrics, such as `assistant.get`. */
  operation: string;
  method: HttpMethod;
  url: string | URL;
  headers?: Readonly<Record<string, string>> | undefined;
  /** At most one of `json`, `form` and `body`. */
  json?: unknown;
  form?: Readonly<Record<string, string | readonly string[]>> | URLSearchParams | undefined;
  body?: string | Uint8Array | undefined;
  /** Doing it twice does no harm. */
  repeatable: boolean;
  /** For the request as a whole, retries and the answer's body included, in milliseconds. */
  deadlineMs: number;
  /** For one attempt, its body included, in milliseconds. */
  attemptTimeoutMs: number;
  lane: Lane;
  signal?: AbortSignal | undefined;
  maxAttempts?: number | undefined;
  correlationId?: string | undefined;
  /** W3C trace context to pass on. */
  traceparent?: string | undefined;
  tracestate?: string | undefined;
  /** 4 MiB when not given. */
  maxResponseBytes?: number | undefined;
  /** How a success is read; `json` when not given. */
  answer?: AnswerForm | undefined;
  /** `answer`: a redirect is a success whose `location` the caller wants to know. It is never followed. */
  redirect?: 'answer' | undefined;
  expect?: Expectation<T> | undefined;
  /** Who chose the address: the operator's configuration, or a tenant, whose addresses must not lead inside. */
  addressFrom?: 'operator' | 'tenant' | undefined;
};

export type HttpAnswer<T = unknown> = { status: number; headers: TextHeaders; body: T };

export type GuardedHttp = {
  /** The answer of a success (2xx), or an `UpstreamError`. */
  request<T = unknown>(request: HttpRequest<T>): Promise<HttpAnswer<T>>;
  /** Closes the pools once the requests under way are over. */
  close(): Promise<void>;
};

export type GuardedHttpOptions = {
  guard: Guard;
  clock: Clock;
  emit: Emit;
  agentOptions?: Agent.Options | undefined;
  /** The span that an attempt is made in, where traces are sent: what vendors get as their parent. */
  traceparent?: (() => string | undefined) | undefined;
};

const DEFAULT_MAX_BYTES = 4 * 1024 * 1024;
const ERROR_MAX_BYTES = 64 * 1024;
const CONNECT_TIMEOUT_MS = 5_000;
/** Above the sum of the lanes: the bulkhead decides who waits, never the pool. */
const CONNECTIONS_PER_ORIGIN = 256;

export function createGuardedHttp({
  guard,
  clock,
  emit,
  agentOptions = {},
  traceparent,
}: GuardedHttpOptions): GuardedHttp {
  const upstreamByOrigin = new Map<string, string>();
  const agents = { operator: pool(), tenant: pool(guardedLookup()) };

  function pool(lookup?: ReturnType<typeof guardedLookup>): Agent {
    const { connect, ...rest } = agentOptions;
    const dial =
      typeof connect === 'function' ? connect : { timeout: CONNECT_TIMEOUT_MS, ...connect, ...(lookup && { lookup }) };
    const agent = new Agent({ connections: CONNECTIONS_PER_ORIGIN, pipelining: 1, ...rest, connect: dial });
    agent.on('connect', (origin) =>
      emit({ type: 'connection_opened', upstream: upstreamByOrigin.get(origin.origin) ?? 'other' }),
    );
    return agent;
  }

  async function request<T>(wanted: HttpRequest<T>): Promise<HttpAnswer<T>> {
    const target = targetOf(wanted);
    if (wanted.addressFrom !== 'tenant') upstreamByOrigin.set(target.origin, wanted.upstream);
    const answer = await guard.run({ ...wanted, attempt: (context) => exchange(wanted, target, context) });
    // Outside the guard: an answer of another shape than we know is a disagreement between us, not an outage.
    return { ...answer, body: checked(wanted, answer.body) };
  }

  async function exchange(wanted: HttpRequest, target: URL, context: AttemptContext): Promise<HttpAnswer> {
    try {
      const response = await send.call(agents[wanted.addressFrom ?? 'operator'], {
        origin: target.origin,
        path: target.pathname + target.search,
        method: wanted.method,
        headers: headersOf(traceparent === undefined ? wanted : within(wanted, traceparent())),
        body: bodyOf(wanted),
        signal: context.signal,
        // The guard's own clock ends an attempt, its body included.
        headersTimeout: 0,
        bodyTimeout: 0,
      });
      const headers = textHeaders(response.headers);
      const received = { status: response.statusCode, headers, stream: response.body };
      return isSuccess(wanted, received.status) ? await success(wanted, received) : await refusal(wanted, received);
    } catch (error) {
      throw translated(wanted, error);
    }
  }

  async function success(wanted: HttpRequest, { status, headers, stream }: Received): Promise<HttpAnswer> {
    const bytes = await readLimited(stream, headers, wanted.maxResponseBytes ?? DEFAULT_MAX_BYTES);
    return { status, headers, body: decodeAnswer(bytes, headers, wanted.answer ?? 'json') };
  }

  /** Reads what the vendor says about its refusal as far as it can be read; the status stands in any case. */
  async function refusal(wanted: HttpRequest, { status, headers, stream }: Received): Promise<never> {
    const bytes = await readLimited(stream, headers, ERROR_MAX_BYTES).catch(() => undefined);
    const body = bytes && vendorMessage(bytes, secretsOf(wanted));
    const { upstream, operation } = wanted;
    const kind = kindOfStatus(guard.tableOf(upstream), { status, operation, code: body?.code }) ?? 'upstream';
    const now = clock.now();
    const retryAfterMs =
      parseRetryAfter(headers['retry-after'], { dateHeader: headers['date'], now }) ??
      (kind === 'rate_limited' ? parseRateLimitReset(headers['x-ratelimit-reset'], now) : undefined);
    throw new UpstreamError({
      kind,
      upstream,
      status,
      retryAfterMs,
      body,
      connected: true,
      detail: detailOf(status, body?.message),
    });
  }

  return {
    request,
    async close() {
      await Promise.all([agents.operator.close(), agents.tenant.close()]);
    },
  };
}

function isSuccess({ redirect }: HttpRequest, status: number): boolean {
  return status >= 200 && status < (redirect === 'answer' ? 400 : 300);
}

type Received = { status: number; headers: TextHeaders; stream: AsyncIterable<Uint8Array> & { destroy(): unknown } };

function targetOf({ upstream, url, addressFrom }: HttpRequest): URL {
  const target = URL.parse(String(url));
  const refusal = target ? addressFrom === 'tenant' && refusalOfUrl(target) : 'the address is not a valid URL';
  if (target && !refusal) return target;
  throw new UpstreamError({
    kind: 'invalid',
    upstream,
    connected: false,
    detail: refusal || 'the address is not a valid URL',
  });
}

/** Vendors that get the correlation id get the span too, and nobody else. */
function within(request: HttpRequest, traceparent: string | undefined): HttpRequest {
  return request.correlationId === undefined ? request : { ...request, traceparent };
}

function headersOf(request: HttpRequest): Record<string, string> {
  const { headers, json, form, answer, correlationId, traceparent, tracestate } = request;
  const all: Record<string, string> = { 'user-agent': 'ava', 'accept-encoding': 'identity' };
  if (answer === undefined || answer === 'json') all['accept'] = 'application/json';
  if (json !== undefined) all['content-type'] = 'application/json';
  if (form !== undefined) all['content-type'] = 'application/x-www-form-urlencoded';
  for (const [name, value] of Object.entries(headers ?? {})) all[name.toLowerCase()] = value;
  if (correlationId !== undefined) all['x-correlation-id'] = correlationId;
  if (traceparent !== undefined) all['traceparent'] = traceparent;
  if (traceparent !== undefined && tracestate !== undefined) all['tracestate'] = tracestate;
  return all;
}

function bodyOf({ json, form, body }: HttpRequest): string | Uint8Array | null {
  if (json !== undefined) return JSON.stringify(json);
  if (form === undefined) return body ?? null;
  if (form instanceof URLSearchParams) return form.toString();
  const fields = new URLSearchParams();
  for (const [name, value] of Object.entries(form)) for (const one of [value].flat()) fields.append(name, one);
  return fields.toString();
}

/** Texts of the request that must never come back out in an error, whatever the vendor quotes. */
function secretsOf({ headers = {}, credential }: HttpRequest): string[] {
  const values = Object.entries(headers).filter(([name]) => /authorization|key|token|secret|cookie/i.test(name));
  const parts = values.flatMap(([, value]) => [value, value.replace(/^\w+\s+/, ''), ...basicParts(value)]);
  return credential ? [...parts, credential.key] : parts;
}

function basicParts(value: string): string[] {
  const encoded = /^basic\s+(\S.*)$/i.exec(value)?.[1];
  return encoded === undefined ? [] : Buffer.from(encoded, 'base64').toString('utf8').split(':').slice(1);
}

function detailOf(status: number, message: string | undefined): string {
  if (status >= 300 && status < 400) return `it answered with a redirect (${status}), which is not followed`;
  return message === undefined ? `it answered ${status}` : `it answered ${status}: ${message}`;
}

function translated({ upstream }: HttpRequest, error: unknown): unknown {
  if (error instanceof UpstreamError) return error;
  if (error instanceof EgressRefused)
    return new UpstreamError({ kind: 'invalid', upstream, connected: false, detail: error.message });
  if (error instanceof AnswerTooLarge || error instanceof NotAsAnnounced) {
    return new UpstreamError({ kind: 'upstream', upstream, connected: true, detail: error.message });
  }
  return networkError(upstream, error) ?? error;
}

function checked<T>({ upstream, operation, expect }: HttpRequest<T>, body: unknown): T {
  if (!expect) return body as T;
  try {
    return expect.parse(body);
  } catch (error) {
    const detail = `its answer to ${operation} has another shape than expected${placeOf(error)}`;
    throw new UpstreamError({ kind: 'upstream', upstream, connected: true, detail });
  }
}

/** Where a schema found the first fault. Only the path: the value may be somebody's words. */
function placeOf(error: unknown): string {
  const issues = (error as { issues?: unknown }).issues;
  const path = Array.isArray(issues) ? (issues[0] as { path?: unknown } | undefined)?.path : undefined;
  return Array.isArray(path) && path.length > 0 ? ` at ${path.join('.')}` : '';
}
