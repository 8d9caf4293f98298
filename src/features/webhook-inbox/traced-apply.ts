import { currentCorrelationId, runInContext } from '../../correlation.ts';
import { inSpan, type Tracer } from '../../tracing.ts';
import type { Apply } from './processing.ts';

const MOST_IDS = 20;

/**
 * The processing of a batch of stored messages leaves a trace of its own: a batch belongs to many requests, whose
 * correlation ids it names. Without a tracer `apply` stays as it is.
 */
export function tracedApply(tracer: Tracer | undefined, apply: Apply): Apply {
  if (tracer === undefined) return apply;
  return (trx, tenantId, events) => {
    const correlationIds = events.slice(0, MOST_IDS).map((event) => event.correlationId);
    const attributes = {
      'ava.tenant': tenantId,
      'ava.webhooks': events.length,
      'ava.correlation_ids': correlationIds,
    };
    const order = { name: 'webhooks process', kind: 'consumer', attributes } as const;
    return runInContext({ correlationId: currentCorrelationId(), tenant: tenantId }, () =>
      inSpan(tracer, order, () => apply(trx, tenantId, events)),
    );
  };
}
