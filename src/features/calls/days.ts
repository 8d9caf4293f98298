/** What one call adds to the sums of its day, so that statistics never read the calls themselves. */
import type { Applied, CallRow } from './applied.ts';
import type { CallOutcome } from './contract.ts';

export type Contribution = { day: string; counts: Record<string, number> };

const COLUMN: Record<CallOutcome, string> = {
  ai: 'by_ai',
  person: 'by_person',
  voicemail: 'voicemail',
  sentence: 'sentence',
  nobody: 'nobody',
  failed: 'failed',
};

type Counted = Pick<CallRow, 'started_at' | 'direction' | 'outcome' | 'duration_seconds' | 'cost_usd'>;

export function contributionOf(call: Counted): Contribution {
  const { outcome } = call;
  return {
    day: call.started_at.toISOString().slice(0, 10),
    counts: {
      calls: 1,
      inbound: call.direction === 'inbound' ? 1 : 0,
      ...(outcome !== null && { [COLUMN[outcome as CallOutcome]]: 1 }),
      seconds: call.duration_seconds ?? 0,
      cost_usd: call.cost_usd ?? 0,
    },
  };
}

/** What the sums lose and gain when calls become what they are now. */
export function daysChangedBy(applied: readonly Applied[]): (Contribution & { sign: 1 | -1 })[] {
  return applied.flatMap(({ before, after }) => [
    ...(before === undefined ? [] : [{ ...contributionOf(before), sign: -1 as const }]),
    {
      ...contributionOf({
        started_at: after.startedAt,
        direction: after.direction,
        outcome: after.outcome,
        duration_seconds: after.durationSeconds,
        cost_usd: after.costUsd,
      }),
      sign: 1 as const,
    },
  ]);
}
