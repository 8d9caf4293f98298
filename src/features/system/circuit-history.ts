/**
 * When circuits opened and closed, for as long as somebody may ask about a call. Best effort: a circuit never waits for
 * the database, and what cannot be written for long is dropped.
 */
import { sql } from 'kysely';
import type { Clock } from '../../clock.ts';
import type { Database } from '../../db/connect.ts';
import type { Log } from '../../log.ts';
import type { Emit, ResilienceFact } from '../../resilience/facts.ts';

export type CircuitChange = {
  id: string;
  at: Date;
  circuit: string;
  upstream: string;
  change: string;
  reason: string;
};

export type CircuitHistory = ReturnType<typeof createCircuitHistory>;

const CHANGES: Record<string, string> = {
  breaker_opening: 'opening',
  breaker_probing: 'probing',
  breaker_closing: 'closing',
  breaker_isolated: 'isolated',
  breaker_released: 'released',
};

const MOST_WAITING = 500;
const MOST_TOLD = 100;
const TRY_AGAIN_MS = 5_000;
const KEPT_MS = 90 * 86_400_000;
/** Replicas that share their circuits report the same change at nearly the same moment. */
const SAME_WITHIN_MS = 2_000;

type Waiting = Omit<CircuitChange, 'id'> & { scope: string };

export type CircuitHistoryDeps = {
  db: Database;
  clock: Clock;
  log: Log;
  /** Tells dashboards; null: every tenant. */
  onChange?: (tenantId: string | null) => void;
};

export function createCircuitHistory({ db, clock, log, onChange }: CircuitHistoryDeps) {
  const lane = db.lane('job');
  let waiting: Waiting[] = [];
  let isWriting = false;

  async function write(): Promise<void> {
    if (isWriting || waiting.length === 0) return;
    isWriting = true;
    const batch = waiting;
    waiting = [];
    try {
      await lane.system.insertInto('circuit_changes').values(batch).execute();
      const old = new Date(clock.now().getTime() - KEPT_MS);
      await lane.system.deleteFrom('circuit_changes').where('at', '<', old).execute();
    } catch (error) {
      log.debug({ err: error, changes: batch.length }, 'Changes of circuits could not be noted yet');
      waiting = [...batch, ...waiting].slice(-MOST_WAITING);
      clock.setTimer(TRY_AGAIN_MS, () => void write());
    } finally {
      isWriting = false;
    }
  }

  function note(fact: ResilienceFact): void {
    const change = CHANGES[fact.type];
    if (change === undefined || !('circuit' in fact)) return;
    const { circuit, upstream, scope } = fact;
    const reason = 'reason' in fact ? fact.reason : '';
    waiting.push({ at: clock.now(), circuit, upstream, scope, change, reason });
    waiting = waiting.slice(-MOST_WAITING);
    void write();
    onChange?.(fact.tenant ?? null);
  }

  return {
    /** Notes what `emit` is told. */
    noting:
      (emit: Emit): Emit =>
      (fact) => {
        emit(fact);
        note(fact);
      },

    /** What a tenant may know of changes between two moments: the upstreams' circuits and its own, oldest first. */
    async during(tenantId: string, { from, to }: { from: Date; to: Date }): Promise<CircuitChange[]> {
      const rows = await db.system
        .selectFrom('circuit_changes')
        .select(['id', 'at', 'circuit', 'upstream', 'change', 'reason'])
        .where('at', '>=', from)
        .where('at', '<=', to)
        .where((eb) =>
          eb.or([eb('scope', '=', 'upstream'), eb('circuit', '=', sql<string>`upstream || '/' || ${tenantId}::text`)]),
        )
        .orderBy('at')
        .limit(MOST_TOLD)
        .execute();
      return rows.filter((row, index) => !rows.slice(0, index).some((earlier) => isSame(earlier, row)));
    },
  };
}

function isSame(a: CircuitChange, b: CircuitChange): boolean {
  const apartMs = Math.abs(a.at.getTime() - b.at.getTime());
  return a.circuit === b.circuit && a.change === b.change && apartMs < SAME_WITHIN_MS;
}
