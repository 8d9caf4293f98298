/** Where facts become words: the log lines and metrics of everything that resilience and providers report. */
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import type { ClientFact } from './providers/twilio/clients.ts';
import type { ResilienceFact } from './resilience/facts.ts';

type CircuitFact = Extract<ResilienceFact, { circuit: string; generation: number }>;

export function createObserver({ log, metrics }: { log: Log; metrics: Metrics }): (fact: ResilienceFact) => void {
  return (fact) => {
    count(fact, metrics);
    write(fact, log);
  };
}

/** One line and one count for each look-up of a Twilio client. */
export function createClientObserver({ log, metrics }: { log: Log; metrics: Metrics }): (fact: ClientFact) => void {
  return ({ result, tenant }) => {
    metrics.twilioClientCache.inc({ result: result === 'cached' ? 'hit' : 'miss' });
    log.info({ tenant }, `Twilio client ${result}`);
  };
}

function count(fact: ResilienceFact, metrics: Metrics): void {
  switch (fact.type) {
    case 'breaker_opening':
      return metrics.breakerOpens.inc(scopeOf(fact));
    case 'breaker_closing':
      return metrics.breakerCloses.inc(scopeOf(fact));
    case 'breaker_failure':
      return metrics.breakerFailures.inc(scopeOf(fact));
    case 'call_rejected':
      return metrics.breakerRejected.inc(scopeOf(fact));
    case 'retry_scheduled':
      return metrics.upstreamRetries.inc({ upstream: fact.upstream });
    case 'attempt_finished':
      return metrics.upstreamDuration.observe(
        { upstream: fact.upstream, operation: fact.operation, outcome: fact.outcome },
        fact.durationMs / 1000,
      );
    case 'limiter_degraded':
      return metrics.rateLimitDegraded.set(1);
    case 'limiter_recovered':
      return metrics.rateLimitDegraded.set(0);
    case 'fleet_lost':
      return metrics.breakersAlone.set(1);
    case 'fleet_found':
      return metrics.breakersAlone.set(0);
    default:
  }
}

function scopeOf(fact: { upstream: string; scope: string }): { upstream: string; scope: string } {
  return { upstream: fact.upstream, scope: fact.scope };
}

function write(fact: ResilienceFact, log: Log): void {
  switch (fact.type) {
    case 'breaker_initialised':
      return log.info(fieldsOf(fact), `Circuit breaker [${fact.circuit}] initialised`);
    case 'breaker_opening':
      return log.warn(fieldsOf(fact), `Circuit breaker [${fact.circuit}] opening: ${fact.reason}`);
    case 'breaker_probing':
      return log.info(fieldsOf(fact), `Circuit breaker [${fact.circuit}] probing: ${fact.reason}`);
    case 'breaker_closing':
      return log.info(fieldsOf(fact), `Circuit breaker [${fact.circuit}] closing: ${fact.reason}`);
    case 'breaker_isolated':
      return log.warn(fieldsOf(fact), `Circuit breaker [${fact.circuit}] isolated: ${fact.reason}`);
    case 'breaker_released':
      return log.info(fieldsOf(fact), `Circuit breaker [${fact.circuit}] released: ${fact.reason}`);
    case 'cool_down_started':
      return log.warn({ ...fact }, `Upstream ${fact.upstream} asks us to slow down`);
    case 'retry_budget_empty':
      return log.warn({ ...fact }, `Upstream ${fact.upstream}: no retry, the budget is used up`);
    case 'bulkhead_full':
      return log.warn({ ...fact }, `Upstream ${fact.upstream}: too many requests wait`);
    case 'limiter_degraded':
      return log.error({ ...fact }, 'Rate limits are counted on this replica alone: Redis does not answer');
    case 'limiter_recovered':
      return log.info({ ...fact }, 'Rate limits are shared through Redis again');
    case 'fleet_lost':
      return log.error({ ...fact }, 'Circuits are kept on this replica alone: Redis does not answer');
    case 'fleet_found':
      return log.info({ ...fact }, 'Circuits are shared through Redis again');
    case 'cache_refresh_failed':
      return log.warn({ ...fact }, `Cache ${fact.cache} could not be refreshed`);
    case 'attempt_finished':
      return log.debug({ ...fact }, `${fact.upstream} ${fact.operation} ${fact.outcome}`);
    default:
  }
}

function fieldsOf(fact: CircuitFact): Record<string, unknown> {
  const { type: _, ...fields } = fact;
  return fields;
}
