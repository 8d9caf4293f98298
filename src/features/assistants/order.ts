/** Who asks for a change of an assistant, on the strength of which copy, and the refusal when that copy is old. */
import { fail } from '../../errors.ts';
import { type IfMatch, matches } from '../../http/etag.ts';
import type { Assistant, AssistantChange } from './contract.ts';

export type Request = {
  tenantId: string;
  author: string;
  reason?: string | null | undefined;
  ifMatch?: IfMatch | undefined;
};

/** Throws `conflict`, with what differs, when If-Match tells of another state than `current`. */
export function mustMatch(current: Assistant, wanted: AssistantChange, ifMatch: IfMatch | undefined): void {
  if (matches(ifMatch, current.etag)) return;
  const state = current as Record<string, unknown>;
  const diff = Object.entries(wanted)
    .filter(([name]) => name !== 'reason' && Object.hasOwn(state, name))
    .map(([field, yours]) => ({ field, base: null, current: state[field] ?? null, yours }));
  throw fail('conflict', 'Somebody else changed this assistant meanwhile. Look at it again before you change it.', {
    members: {
      current: { value: current, etag: current.etag, updated_at: current.updated_at, updated_by: null },
      diff,
    },
  });
}

export function reasonOf({ reason }: Request): { reason?: string } {
  return reason === undefined || reason === null ? {} : { reason };
}
