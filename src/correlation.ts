/**
 * One id follows a request through every log line, job and upstream call.
 * The current id travels in async context, so no function has to pass it on.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';

/** What is known about the work being done now; `tenant` and `user` are filled in once the caller is known. */
export type WorkContext = {
  correlationId: string;
  traceparent?: string | undefined;
  tracestate?: string | undefined;
  tenant?: string | undefined;
  user?: string | undefined;
};

const ACCEPTED = /^[A-Za-z0-9._:-]{1,128}$/;
const storage = new AsyncLocalStorage<WorkContext>();

/** Tells whether an id that came from outside may be kept: 1 to 128 of `A-Z a-z 0-9 . _ : -`. */
export function isCorrelationId(value: unknown): value is string {
  return typeof value === 'string' && ACCEPTED.test(value);
}

export function newCorrelationId(): string {
  return randomUUID();
}

/** Runs `work` with `context` as the current one, across every await inside it. */
export function runInContext<T>(context: WorkContext, work: () => T): T {
  return storage.run(context, work);
}

/** Makes `context` current for the rest of this request; for hooks that cannot wrap what follows. */
export function enterContext(context: WorkContext): void {
  storage.enterWith(context);
}

export function currentContext(): WorkContext | undefined {
  return storage.getStore();
}

/** The id of the work being done now, or a new one where none was given (a clock, a start). */
export function currentCorrelationId(): string {
  return storage.getStore()?.correlationId ?? newCorrelationId();
}
