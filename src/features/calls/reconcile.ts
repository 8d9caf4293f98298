/**
 * Finds what never came: compares the vendors' own lists of calls with the ledger, from where it last stopped, completes
 * what is missing, and says for each day how complete AVA's picture is.
 */
import type { Clock } from '../../clock.ts';
import type { Database } from '../../db/connect.ts';
import type { Log } from '../../log.ts';
import type { Metrics } from '../../metrics.ts';
import type { TwilioCredential } from '../../providers/twilio/clients.ts';
import type { TwilioRest } from '../../providers/twilio/rest.ts';
import type { TwilioCall } from '../../providers/twilio/shapes.ts';
import type { VapiCall } from '../../providers/vapi/shapes.ts';
import type { Vapi, VapiCredential } from '../../providers/vapi/vapi.ts';
import type { Calls } from './calls.ts';
import type { CallFact } from './fact.ts';
import { type DayCount, findToldEnds, findMark, noteCompleteness, putMark } from './reconcile-store.ts';
import { factOfListedTwilio } from './twilio-facts.ts';
import { factOfListedVapi } from './vapi-facts.ts';

export type ReconcileDeps = {
  db: Database;
  clock: Clock;
  log: Log;
  metrics: Metrics;
  calls: Pick<Calls, 'takeNow'>;
  vapi: Pick<Vapi, 'listCalls'>;
  twilio: Pick<TwilioRest, 'listCalls'>;
  vapiOf(tenantId: string): Promise<VapiCredential | undefined>;
  twilioOf(tenantId: string): Promise<TwilioCredential | undefined>;
  /** Which of a vendor's calls are the tenant's, where an account is shared. */
  owns(
    tenantId: string,
    call: { assistantId?: string | null | undefined; numbers: (string | null | undefined)[] },
  ): Promise<boolean>;
};

export type Reconciled = { vendor: 'vapi' | 'twilio'; listed: number; recovered: number };

const FIRST_LOOK_MS = 24 * 3_600_000;
/** Calls that were under way when the last look ended are looked at again. */
const OVERLAP_MS = 30 * 60_000;
/** A call that has just ended gets this long before its missing webhooks count as missing. */
const GRACE_MS = 30_000;

type Listed = { id: string; startedAt: Date; isOver: boolean; fact(isRecovered: boolean): CallFact };

export function createReconciliation(deps: ReconcileDeps) {
  const { db, clock } = deps;

  async function listVapi(tenantId: string, since: Date): Promise<Listed[] | undefined> {
    const credential = await deps.vapiOf(tenantId);
    if (credential === undefined) return undefined;
    const found = await deps.vapi.listCalls(
      credential,
      { createdAtGe: since.toISOString() },
      { lane: 'job', deadlineMs: 30_000 },
    );
    const own: VapiCall[] = [];
    for (const call of found)
      if (await deps.owns(tenantId, { assistantId: call.assistantId, numbers: [] })) own.push(call);
    return own.map((call) => ({
      id: call.id,
      startedAt: new Date(call.createdAt),
      isOver: call.status === 'ended' && olderThan(clock, call.endedAt ?? call.updatedAt, GRACE_MS),
      fact: (isRecovered) => factOfListedVapi(call, { isRecovered }),
    }));
  }

  async function listTwilio(tenantId: string, since: Date): Promise<Listed[] | undefined> {
    const credential = await deps.twilioOf(tenantId);
    if (credential === undefined) return undefined;
    const found = await deps.twilio.listCalls(
      credential,
      { 'StartTime>': since.toISOString() },
      { lane: 'job', deadlineMs: 30_000 },
    );
    const own: TwilioCall[] = [];
    for (const call of found) {
      // Legs that AVA or Vapi dialled belong to a call that is listed itself.
      if (call.parent_call_sid || call.direction !== 'inbound') continue;
      if (await deps.owns(tenantId, { numbers: [call.to, call.from] })) own.push(call);
    }
    return own.map((call) => ({
      id: call.sid,
      startedAt: new Date(call.start_time ?? call.date_created ?? 0),
      isOver: FINAL.has(call.status ?? '') && olderThan(clock, call.end_time ?? call.date_created, GRACE_MS),
      fact: (isRecovered) => factOfListedTwilio(call, { isRecovered }),
    }));
  }

  async function compare(
    tenantId: string,
    vendor: 'vapi' | 'twilio',
    wholeSince?: Date,
  ): Promise<Reconciled | undefined> {
    const startedAt = clock.now();
    const since = wholeSince ?? (await lookFrom(tenantId, vendor, startedAt));
    const listed = vendor === 'vapi' ? await listVapi(tenantId, since) : await listTwilio(tenantId, since);
    if (listed === undefined) return undefined;
    const known = await db.asTenant(tenantId, (trx) =>
      findToldEnds(
        trx,
        vendor,
        listed.map((call) => call.id),
      ),
    );
    const missing = listed.filter((call) => call.isOver && !known.has(call.id));
    if (missing.length > 0)
      await deps.calls.takeNow(
        tenantId,
        missing.map((call) => call.fact(true)),
      );
    const days = daysOf(listed, missing);
    await db.asTenant(tenantId, async (trx) => {
      await putMark(trx, tenantId, vendor, startedAt);
      await noteCompleteness(trx, tenantId, { vendor, checkedAt: startedAt, days, isWhole: wholeSince !== undefined });
    });
    if (missing.length > 0) {
      deps.metrics.callsRecovered.inc(missing.length);
      deps.log.warn(
        { tenant: tenantId, vendor, recovered: missing.length },
        'Reconciliation found calls whose webhooks never came',
      );
    }
    return { vendor, listed: listed.length, recovered: missing.length };
  }

  async function lookFrom(tenantId: string, vendor: 'vapi' | 'twilio', now: Date): Promise<Date> {
    const mark = await db.asTenant(tenantId, (trx) => findMark(trx, vendor));
    return new Date((mark?.getTime() ?? now.getTime() - FIRST_LOOK_MS) - OVERLAP_MS);
  }

  return {
    /**
     * Compares both vendors' lists with the ledger, from where it last stopped; with `wholeSince`, the start of a day, from there,
     * and states how complete each day since is. One vendor's trouble does not keep the other's from being looked at.
     */
    async run(tenantId: string, wholeSince?: Date): Promise<Reconciled[]> {
      const results: Reconciled[] = [];
      for (const vendor of ['vapi', 'twilio'] as const) {
        const result = await compare(tenantId, vendor, wholeSince).catch((error: unknown) => {
          deps.log.warn({ err: error, tenant: tenantId, vendor }, "The vendor's list of calls could not be compared");
          return undefined;
        });
        if (result !== undefined) results.push(result);
      }
      return results;
    },
  };
}

const FINAL = new Set(['completed', 'busy', 'failed', 'no-answer', 'canceled']);

function olderThan(clock: Clock, time: string | null | undefined, ms: number): boolean {
  const at = Date.parse(time ?? '');
  return Number.isNaN(at) || clock.now().getTime() - at >= ms || at > clock.now().getTime();
}

function daysOf(listed: Listed[], missing: Listed[]): DayCount[] {
  const days = new Map<string, DayCount>();
  for (const call of listed) {
    const day = call.startedAt.toISOString().slice(0, 10);
    const count = days.get(day) ?? { day, vendorCalls: 0, recovered: 0 };
    count.vendorCalls += 1;
    if (missing.includes(call)) count.recovered += 1;
    days.set(day, count);
  }
  return [...days.values()];
}
