/** PagerDuty Events v2. The deduplication key makes every event safe to repeat. */
import { z } from 'zod';
import { currentCorrelationId } from '../../correlation.ts';
import type { GuardedHttp } from '../http.ts';

export type PagerDutyEvent =
  | {
      action: 'trigger';
      dedupKey: string;
      summary: string;
      source: string;
      severity: 'critical' | 'error' | 'warning' | 'info';
      at: Date;
      details: Record<string, unknown>;
    }
  | { action: 'acknowledge' | 'resolve'; dedupKey: string };

export type PagerDuty = { send(event: PagerDutyEvent): Promise<void> };

const accepted = z.object({ status: z.literal('success') });

export function createPagerDuty(deps: { http: GuardedHttp; baseUrl: string; routingKey: string }): PagerDuty {
  const url = `${deps.baseUrl.replace(/\/$/, '')}/v2/enqueue`;
  return {
    async send(event) {
      await deps.http.request({
        upstream: 'pagerduty',
        credential: null,
        operation: `pagerduty.${event.action}`,
        method: 'POST',
        url,
        json: {
          routing_key: deps.routingKey,
          event_action: event.action,
          dedup_key: event.dedupKey.slice(0, 255),
          ...(event.action === 'trigger' ? { payload: payloadOf(event), client: 'AVA' } : {}),
        },
        repeatable: true,
        deadlineMs: 15_000,
        attemptTimeoutMs: 5_000,
        lane: 'job',
        maxAttempts: 3,
        correlationId: currentCorrelationId(),
        expect: accepted,
      });
    },
  };
}

function payloadOf(event: PagerDutyEvent & { action: 'trigger' }) {
  return {
    summary: event.summary.slice(0, 1024),
    source: event.source,
    severity: event.severity,
    timestamp: event.at.toISOString(),
    component: 'ava',
    custom_details: event.details,
  };
}
