import type { Call } from '../../../features/calls/contract.ts';
import type { Text } from '../../text/en.ts';

/** The number that is not ours. */
export function otherSideOf({ direction, from, to }: Pick<Call, 'direction' | 'from' | 'to'>): string | null {
  return direction === 'inbound' ? from : to;
}

/** Why it ended, in the reader's language where AVA knows the code. */
export function endOf(call: Call, text: Text): string {
  const known = call.ended_reason_code === null ? undefined : text.calls.endedReasons[call.ended_reason_code];
  return known ?? call.ended_reason_text ?? '';
}
