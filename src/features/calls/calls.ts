/**
 * What happened on the phone. Calls are made of facts that vendors' messages tell, in any order; this room folds them,
 * lists them, and tells the story of one.
 */
import type { Transaction } from 'kysely';
import type { Clock } from '../../clock.ts';
import type { Database } from '../../db/connect.ts';
import type { Schema } from '../../db/schema.ts';
import { fail } from '../../errors.ts';
import { readCursor, writeCursor } from '../../http/cursor.ts';
import type { Applied } from './applied.ts';
import { applyFacts } from './apply.ts';
import type { Call, CallDetail, ListedCall, TimelineEntry } from './contract.ts';
import { type CallFact, plausible } from './fact.ts';
import * as store from './store.ts';
import { type Addition, timelineOf } from './timeline.ts';
import { factOfTwilio, type KeptTwilio } from './twilio-facts.ts';
import { factOfVapi, type KeptVapi } from './vapi-facts.ts';
import { placeOf, toCall, toDetail, toListedCall } from './wire.ts';

/** A stored message of a vendor, as the ledger hands it over. */
export type StoredMessage = {
  vendor: 'vapi' | 'twilio';
  type: string;
  dedupeKey: string;
  kept: unknown;
  vapiCallId: string | null;
  twilioCallSid: string | null;
  correlationId: string;
  receivedAt: Date;
};

/** What is stored of a message of Vapi. */
export type VapiKept = { name: string; at: string; message: KeptVapi['kept'] };

export type CallsDeps = {
  db: Database;
  clock: Clock;
  /** Tells dashboards that a call changed. */
  publish(tenantId: string, callId: string): void;
  /** Puts on its way what follows the end of a call, within the transaction that ended it. */
  afterCall(trx: Transaction<Schema>, tenantId: string, ended: Applied[]): Promise<void>;
  /** What other rooms know about the time of a call. */
  additions(tenantId: string, call: Call): Promise<Addition[]>;
};

export type Calls = ReturnType<typeof createCalls>;

export type ListQuery = Omit<store.CallFilter, 'before' | 'most' | 'now'> & {
  cursor?: string | undefined;
  limit: number;
};

/** No call that people had comes near it; one that a program floods must not cost more than a page of anything. */
const MOST_EVENTS = 2_000;

export function createCalls(deps: CallsDeps) {
  const { db } = deps;

  async function take(trx: Transaction<Schema>, tenantId: string, facts: CallFact[]): Promise<() => void> {
    const applied = await applyFacts(trx, tenantId, facts, deps.clock.now());
    const ended = applied.filter(({ before, after }) => after.isComplete && before?.told_owner !== true);
    if (ended.length > 0) await deps.afterCall(trx, tenantId, ended);
    return () => {
      for (const { callId } of applied) deps.publish(tenantId, callId);
    };
  }

  return {
    take,

    /** Takes facts in a transaction of their own. */
    async takeNow(tenantId: string, facts: CallFact[]): Promise<void> {
      const afterwards = await db.asTenant(tenantId, (trx) => take(trx, tenantId, facts));
      afterwards();
    },

    /** Applies stored messages of vendors; what it resolves to runs after the commit. */
    takeMessages: (trx: Transaction<Schema>, tenantId: string, messages: StoredMessage[]): Promise<() => void> =>
      take(
        trx,
        tenantId,
        messages.map(factOf).filter((fact) => fact !== undefined),
      ),

    async list(tenantId: string, query: ListQuery): Promise<{ calls: ListedCall[]; nextCursor: string | null }> {
      const { cursor, limit, ...filter } = query;
      const { rows, goOn } = await db.asTenant(tenantId, (trx) =>
        store.listCalls(trx, tenantId, {
          ...filter,
          before: readCursor(cursor),
          most: limit + 1,
          now: deps.clock.now(),
        }),
      );
      const page = rows.slice(0, limit);
      const next = rows.length > limit ? placeOf(page.at(-1)!) : goOn;
      return { calls: page.map(toListedCall), nextCursor: next === undefined ? null : writeCursor(next) };
    },

    async get(tenantId: string, id: string): Promise<CallDetail> {
      const found = await db.asTenant(tenantId, async (trx) => {
        const row = await store.findCall(trx, id);
        return row && { row, text: await store.findText(trx, id) };
      });
      if (found === undefined) throw noSuchCall();
      return toDetail(found.row, found.text);
    },

    /** A call without what was said. */
    async getBrief(tenantId: string, id: string): Promise<Call> {
      const row = await db.asTenant(tenantId, (trx) => store.findCall(trx, id));
      if (row === undefined) throw noSuchCall();
      return toCall(row);
    },

    /** `most`: of what vendors told; what comes behind is left out. */
    async timeline(tenantId: string, id: string, most = MOST_EVENTS): Promise<TimelineEntry[]> {
      const found = await db.asTenant(tenantId, async (trx) => {
        const row = await store.findCall(trx, id);
        return row && { row, events: await store.listEvents(trx, id, most) };
      });
      if (found === undefined) throw noSuchCall();
      return timelineOf(found.events, await deps.additions(tenantId, toCall(found.row)));
    },

    /** What is recorded of a call, and where. */
    async recordingOf(tenantId: string, id: string): Promise<{ recording: string | null; vapiCallId: string | null }> {
      const row = await db.asTenant(tenantId, (trx) => store.findCall(trx, id));
      if (row === undefined) throw noSuchCall();
      return { recording: row.recording, vapiCallId: row.vapi_call_id };
    },

    /** The call behind an id of a vendor. */
    findByVendorId: (tenantId: string, vendorId: string): Promise<string | undefined> =>
      db.asTenant(tenantId, (trx) => store.findCallIdByVendorId(trx, vendorId)),

    stats: (tenantId: string, days: number) =>
      db.asTenant(tenantId, (trx) => store.listDays(trx, tenantId, daysAgo(deps.clock, days - 1))),

    completeness: (tenantId: string, days: number) =>
      db.asTenant(tenantId, (trx) => store.listCompleteness(trx, daysAgo(deps.clock, days - 1))),

    /** Removes everything that is known of a call; its day's sums stay. */
    async remove(tenantId: string, id: string): Promise<void> {
      const isKnown = await db.asTenant(tenantId, async (trx) => {
        const found = await store.findCall(trx, id);
        if (found !== undefined) await store.deleteCalls(trx, [id]);
        return found !== undefined;
      });
      if (!isKnown) throw noSuchCall();
    },
  };
}

function factOf(message: StoredMessage): CallFact | undefined {
  const { correlationId } = message;
  if (message.vendor === 'twilio') return factOfTwilio({ ...message, kept: message.kept as KeptTwilio }, correlationId);
  const { name, at, message: kept } = message.kept as VapiKept;
  return factOfVapi({ ...message, name, at: plausible(new Date(at), message.receivedAt), kept }, correlationId);
}

function daysAgo(clock: Clock, days: number): string {
  return new Date(clock.now().getTime() - days * 86_400_000).toISOString().slice(0, 10);
}

function noSuchCall() {
  return fail('not_found', 'There is no such call.');
}
