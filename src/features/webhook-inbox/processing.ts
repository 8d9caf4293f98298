/**
 * Understands what was kept: claims a tenant's due messages, applies them all in one transaction, and marks them
 * processed in the same one. A message that cannot be applied holds nobody up: it is tried alone, later, and in the end
 * laid aside as dead.
 */
import type { Transaction } from 'kysely';
import type { Clock } from '../../clock.ts';
import { runInContext } from '../../correlation.ts';
import type { Database } from '../../db/connect.ts';
import type { Schema } from '../../db/schema.ts';
import { DatabaseUnavailable } from '../../db/unavailable.ts';
import type { Log } from '../../log.ts';
import { type DueRow, listDue, lockPending, markFailed, markProcessed, takeTurn, tenantsWithDue } from './store.ts';

/** Applies messages within `trx`; what it resolves to runs after the commit. */
export type Apply = (trx: Transaction<Schema>, tenantId: string, events: StoredEvent[]) => Promise<() => void>;

export type StoredEvent = {
  id: string;
  vendor: 'vapi' | 'twilio';
  type: string;
  dedupeKey: string;
  kept: unknown;
  vapiCallId: string | null;
  twilioCallSid: string | null;
  correlationId: string;
  receivedAt: Date;
};

export type Processing = {
  /** Processes what is due, of all tenants or of the given ones; resolves to how many messages were done. */
  run(tenantIds?: string[]): Promise<number>;
};

const BATCH = 200;
const MOST_ATTEMPTS = 8;
const TENANTS_AT_ONCE = 2;
const LONGEST_WAIT_MS = 300_000;

const LOOK_AGAIN_MS = 20;
/** How long a batch stands back for webhooks that still wait to be kept. */
const MOST_PATIENCE_MS = 500;

export type ProcessingDeps = {
  db: Database;
  clock: Clock;
  log: Log;
  apply: Apply;
  /** Whether so many webhooks wait to be kept that understanding them should stand back. */
  isIngestBusy(): boolean;
};

export function createProcessing(deps: ProcessingDeps): Processing {
  const lane = deps.db.lane('job');

  async function drain(tenantId: string): Promise<number> {
    let done = 0;
    for (;;) {
      await standBack(deps);
      const count = await processBatch(tenantId);
      done += count;
      if (count < BATCH) return done;
    }
  }

  async function processBatch(tenantId: string): Promise<number> {
    try {
      return await inOneTransaction(tenantId, BATCH);
    } catch (error) {
      if (error instanceof DatabaseUnavailable) throw error;
      return await oneByOne(tenantId);
    }
  }

  async function inOneTransaction(tenantId: string, most: number): Promise<number> {
    let afterwards = () => {};
    const count = await lane.asTenant(tenantId, async (trx) => {
      const rows = await lockPending(trx, await takeTurn(trx, tenantId, { now: deps.clock.now(), most }));
      if (rows.length === 0) return 0;
      afterwards = await deps.apply(trx, tenantId, rows.map(storedEvent));
      await markProcessed(
        trx,
        rows.map((row) => row.id),
        deps.clock.now(),
      );
      return rows.length;
    });
    afterwards();
    return count;
  }

  /** The batch failed as a whole: each message gets a transaction of its own, so that only the guilty one waits. */
  async function oneByOne(tenantId: string): Promise<number> {
    for (let done = 0; done < BATCH; done += 1) {
      const next = await peek(tenantId);
      if (next === undefined) return done;
      await runInContext({ correlationId: next.correlation_id, tenant: tenantId }, () => processAlone(tenantId, next));
    }
    return BATCH;
  }

  async function peek(tenantId: string): Promise<DueRow | undefined> {
    const rows = await lane.asTenant(tenantId, async (trx) =>
      lockPending(trx, await listDue(trx, { now: deps.clock.now(), most: 1 })),
    );
    return rows[0];
  }

  async function processAlone(tenantId: string, event: DueRow): Promise<void> {
    try {
      await inOneTransaction(tenantId, 1);
    } catch (error) {
      if (error instanceof DatabaseUnavailable) throw error;
      const attempts = event.attempts + 1;
      const isDead = attempts >= MOST_ATTEMPTS;
      const problem = (error instanceof Error ? error.message : String(error)).slice(0, 500);
      const waitMs = Math.min(LONGEST_WAIT_MS, 1000 * 2 ** attempts);
      const dueAt = new Date(deps.clock.now().getTime() + waitMs);
      await lane.asTenant(tenantId, (trx) => markFailed(trx, event.id, { problem, dueAt, isDead }));
      const fields = { webhook: event.id, type: event.type, attempts, dead: isDead, err: error };
      deps.log.error(fields, 'A webhook event could not be processed');
    }
  }

  return {
    async run(tenantIds) {
      const waiting = [...(tenantIds ?? (await tenantsWithDue(lane, deps.clock.now())))];
      let done = 0;
      const worker = async () => {
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) done += await drain(next);
      };
      await Promise.all(Array.from({ length: TENANTS_AT_ONCE }, worker));
      return done;
    },
  };
}

/** What is not on disk yet comes first: it can be lost, and its sender waits. Bounded, so that no flood stops the calls' news. */
async function standBack({ clock, isIngestBusy }: ProcessingDeps): Promise<void> {
  const untilMs = clock.monotonicMs() + MOST_PATIENCE_MS;
  while (isIngestBusy() && clock.monotonicMs() < untilMs) {
    await new Promise<void>((resolve) => {
      clock.setTimer(LOOK_AGAIN_MS, resolve);
    });
  }
}

function storedEvent(row: DueRow): StoredEvent {
  return {
    id: row.id,
    vendor: row.vendor as StoredEvent['vendor'],
    type: row.type,
    dedupeKey: row.dedupe_key,
    kept: row.kept,
    vapiCallId: row.vapi_call_id,
    twilioCallSid: row.twilio_call_sid,
    correlationId: row.correlation_id,
    receivedAt: row.received_at,
  };
}
