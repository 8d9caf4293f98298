/** LIST: every queue of jobs. What is done with a job stands in work.ts. */
import type { QueueDefinition } from './jobs/queues.ts';

export const QUEUES = [
  /** Connects a tenant's assistants to this AVA again. */
  { name: 'assistants.reassert' },
  /** Asks Vapi for the assistants of all tenants, and connects those that are not connected any more. */
  { name: 'assistants.reassert-all', retries: 0, timeoutSeconds: 600 },
  /** Sets AVA's addresses at the numbers of all tenants again. */
  { name: 'numbers.reassert', retries: 0 },
  /** Compares the vendors' lists of calls with the ledger. */
  { name: 'calls.reconcile', retries: 0, timeoutSeconds: 300 },
  /** Asks what became of calls that may or may not have been placed. */
  { name: 'calls.settle', retries: 0 },
  /** Deletes calls that are older than their tenant wants. */
  { name: 'calls.retain', retries: 2, timeoutSeconds: 600 },
] as const satisfies readonly QueueDefinition[];
