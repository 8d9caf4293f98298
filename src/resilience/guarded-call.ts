/** What a caller says about a call that is to survive, and the errors by which the guard itself ends one. */
import type { Lane } from './bulkhead.ts';
import type { Credential } from './circuits.ts';
import { UpstreamError } from './upstream-error.ts';

export type AttemptContext = {
  /** Which attempt this is, from 1. */
  readonly attempt: number;
  /** What this attempt may take, in milliseconds. */
  readonly timeoutMs: number;
  /** Aborts when the time is over or the caller has gone. The attempt must heed it. */
  readonly signal: AbortSignal;
};

export type GuardedCall<T> = {
  upstream: string;
  /** Whose credential is used; null when the upstream takes none, or one for all. */
  credential: Credential | null;
  /** A short stable name for facts and metrics, such as `assistant.get`. */
  operation: string;
  /** Doing it twice does no harm. */
  repeatable: boolean;
  /** For the call as a whole, waits and retries included, in milliseconds. */
  deadlineMs: number;
  /** For one attempt, in milliseconds. */
  attemptTimeoutMs: number;
  lane: Lane;
  signal?: AbortSignal | undefined;
  /** At most this many attempts; jobs have one unless they say otherwise, since their queue repeats them. */
  maxAttempts?: number | undefined;
  attempt(context: AttemptContext): Promise<T>;
};

/** The part of a call that facts and errors are about. */
export type CallTags = Pick<GuardedCall<unknown>, 'upstream' | 'credential' | 'operation' | 'lane'>;

export function cancelled({ upstream }: CallTags): UpstreamError {
  return new UpstreamError({ kind: 'cancelled', upstream, detail: 'the caller gave up', connected: true });
}

/** `connected`: whether the upstream may have seen the request. */
export function outOfTime({ upstream }: CallTags, connected: boolean): UpstreamError {
  return new UpstreamError({ kind: 'timeout', upstream, detail: 'it did not answer in time', connected });
}

export function overloaded({ upstream }: CallTags): UpstreamError {
  const detail = 'too many calls to it are under way';
  return new UpstreamError({ kind: 'overloaded', upstream, detail, connected: false, retryAfterMs: 1_000 });
}

/** Upstream, operation and, where there is one, tenant: what every fact about a call carries. */
export function tagsOf({ upstream, operation, credential }: CallTags) {
  return credential ? { upstream, operation, tenant: credential.tenant } : { upstream, operation };
}
