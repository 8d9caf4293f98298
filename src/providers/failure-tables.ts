/** What each vendor's answers mean where they differ from the standard (see `resilience/failure-table.ts`). */
import type { FailureTable } from '../resilience/failure-table.ts';

export const failureTables = {
  vapi: {
    // 503 says "recordings are not erased yet, ask again": an answer, not an outage.
    operations: { 'call.delete': { 503: 'conflict' } },
  },
  twilio: {
    codes: { 20003: 'auth', 20005: 'billing', 20008: 'auth', 20404: 'not_found', 20429: 'rate_limited' },
    // Twilio documents that a request refused with 429 was not processed.
    notProcessed: [429],
  },
  // SMTP reply codes and the names that Resend gives to its refusals; a refusal in the dialogue means that nothing was sent.
  email: {
    codes: {
      rate_limit_exceeded: 'rate_limited',
      daily_quota_exceeded: 'billing',
      monthly_quota_exceeded: 'billing',
      validation_error: 'invalid',
      concurrent_idempotent_requests: 'timeout',
    },
    notProcessed: [421, 429, 450, 451, 452],
  },
  calendar: { codes: { invalid_grant: 'auth' } },
  slack: { statuses: { 403: 'auth', 404: 'auth', 410: 'auth' } },
  // A refusal for the rate is an event that was not taken in.
  pagerduty: { notProcessed: [429] },
} as const satisfies Record<string, FailureTable>;
