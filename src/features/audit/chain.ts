/** The arithmetic of the chain: each entry's hash covers its content and the hash before it. */
import { createHmac } from 'node:crypto';

export type ChainedEntry = {
  tenantId: string;
  sequence: number;
  /** RFC 3339 in UTC with microseconds, as the database keeps it. */
  at: string;
  actor: string;
  action: string;
  subject: string;
  correlationId: string;
  details: unknown;
};

/** What the first entry of a tenant follows. */
export const BEGINNING = Buffer.alloc(32);

export function hashEntry(key: Buffer, previous: Buffer, entry: ChainedEntry): Buffer {
  const { tenantId, sequence, at, actor, action, subject, correlationId, details } = entry;
  const content = [tenantId, sequence, at, actor, action, subject, correlationId, sorted(details)];
  return createHmac('sha256', key).update(previous).update(JSON.stringify(content)).digest();
}

// The database gives JSON back with its members in another order.
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  return Object.entries(value)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => [name, sorted(member)]);
}
