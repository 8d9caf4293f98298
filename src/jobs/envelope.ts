/** What a job carries beside its data: on whose behalf, and under which correlation id, it was put. */
import { currentContext, newCorrelationId, runInContext, type WorkContext } from '../correlation.ts';

export type Envelope = { body: object; context?: WorkContext };

export function seal(body: object): Envelope {
  const context = currentContext();
  return context ? { body, context: { ...context } } : { body };
}

/** Runs `work` under the correlation id of the request that put the job; a job of a clock gets a new one. */
export function inContextOf<T>(envelope: Envelope, work: () => T): T {
  return runInContext(envelope.context ?? { correlationId: newCorrelationId() }, work);
}
