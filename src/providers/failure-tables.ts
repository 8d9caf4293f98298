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
  email: {},
  calendar: {},
} as const satisfies Record<string, FailureTable>;
