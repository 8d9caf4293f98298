/** What a job carries beside its data: on whose behalf, and under which correlation id, it was put. */
import { currentContext, newCorrelationId, runInContext, type WorkContext } from '../correlation.ts';

export type Envelope = { body: object; context?: WorkContext };

export function seal(body: object): Envelope {
  const context = currentContext();
  if (context === undefined) return { body };
  // Named one by one: a trace that is made when it is asked for is not seen by a copy of what is there.
  const { correlationId, traceparent, tracestate, tenant, user } = context;
  return { body, context: { correlationId, traceparent, tracestate, tenant, user } };
}

/** Runs `work` under the correlation id of the request that put the job; a job of a clock gets a new one. */
export function inContextOf<T>(envelope: Envelope, work: () => T): T {
  return runInContext(envelope.context ?? { correlationId: newCorrelationId() }, work);
}
