/**
 * The numbers of a tenant's Twilio account: listed as Twilio has them, or as AVA last saw them while Twilio is away, and
 * imported into Vapi without giving up what AVA needs to stand behind them.
 */
import type { Clock } from '../../clock.ts';
import type { Database } from '../../db/connect.ts';
import { fail } from '../../errors.ts';
import type { Actor } from '../../http/caller.ts';
import type { TwilioCredential } from '../../providers/twilio/clients.ts';
import type { TwilioRest } from '../../providers/twilio/rest.ts';
import type { TwilioNumber } from '../../providers/twilio/shapes.ts';
import { UpstreamError } from '../../resilience/upstream-error.ts';
import type { PhoneNumber } from './contract.ts';
import type { NumberImport } from './number-import.ts';
import { keepNumbers } from './numbers-store.ts';
import { type RoutingRooms, urlsAndKind } from './routing.ts';
import type { NumberRow } from './routing-store.ts';
import { stubNumbers } from './stub-numbers.ts';

export type NumbersDeps = {
  db: Database;
  clock: Clock;
  twilio: Pick<TwilioRest, 'listNumbers' | 'getNumber'>;
  credentialOf(tenantId: string): Promise<TwilioCredential | undefined>;
  /** Whether every number of the account is the tenant's; else only those that were assigned to it. */
  seesAll(tenantId: string): Promise<boolean>;
  routing: Pick<RoutingRooms, 'toWire' | 'list' | 'find'>;
  importNumber: NumberImport;
  isStub: boolean;
};

export type NumberPage = { numbers: PhoneNumber[]; nextCursor: string | null; stale: boolean; asOf: Date | null };
export type FoundNumber = { number: PhoneNumber; stale: boolean; asOf: Date | null };

export type Numbers = ReturnType<typeof createNumbers>;

const LIST_MS = 6_000;

export function createNumbers(deps: NumbersDeps) {
  const { db, clock, twilio, routing, isStub } = deps;

  /** By number. Throws twilio_not_configured, a rejected credential, or an `UpstreamError` when there is no copy. */
  async function list(tenantId: string, query: { cursor?: string | undefined; limit: number }): Promise<NumberPage> {
    if (isStub) return pageOf(stubNumbers(tenantId), query, { stale: false, asOf: clock.now() });
    const credential = await credentialFor(tenantId);
    try {
      const seen = await twilio.listNumbers(credential, {}, { deadlineMs: LIST_MS });
      const rows = await keep(tenantId, seen);
      return pageOf(rows.map(wireOf), query, { stale: false, asOf: clock.now() });
    } catch (error) {
      if (!isOutage(error)) throw error;
      const rows = (await routing.list(tenantId)).filter((row) => row.account_sid === credential.accountSid);
      if (rows.length === 0) throw error;
      return pageOf(rows.map(wireOf), query, { stale: true, asOf: oldestOf(rows) });
    }
  }

  async function get(tenantId: string, sid: string): Promise<FoundNumber> {
    if (isStub) {
      const number = stubNumbers(tenantId).find((one) => one.sid === sid);
      if (number === undefined) throw fail('not_found', 'There is no such number.');
      return { number, stale: false, asOf: clock.now() };
    }
    const credential = await credentialFor(tenantId);
    try {
      const seen = await twilio.getNumber(credential, sid, { deadlineMs: LIST_MS });
      const [row] = await keep(tenantId, [seen]);
      if (row === undefined) throw fail('not_found', 'This number belongs to somebody else.');
      return { number: wireOf(row), stale: false, asOf: clock.now() };
    } catch (error) {
      if (!isOutage(error)) throw error;
      const row = (await routing.list(tenantId)).find((one) => one.sid === sid);
      if (row === undefined) throw error;
      return { number: wireOf(row), stale: true, asOf: row.snapshot_at };
    }
  }

  /** Imports it into Vapi for `assistantId`, or for the tenant's default assistant. */
  async function bringToVapi(
    tenantId: string,
    sid: string,
    order: { assistantId: string | undefined; reason: string | undefined; actor: Actor },
  ): Promise<FoundNumber> {
    if (isStub) return get(tenantId, sid);
    const credential = await credentialFor(tenantId);
    const row = await routing.find(tenantId, sid);
    await deps.importNumber({ ...order, tenantId, row, credential });
    return get(tenantId, sid);
  }

  async function credentialFor(tenantId: string): Promise<TwilioCredential> {
    const credential = await deps.credentialOf(tenantId);
    if (credential === undefined) throw fail('twilio_not_configured', 'Connect Twilio first: Integrations → Twilio.');
    return credential;
  }

  /** Remembers what Twilio told; resolves to the rows of those that are this tenant's. */
  async function keep(tenantId: string, seen: TwilioNumber[]): Promise<NumberRow[]> {
    const sightings = seen.map((number) => ({
      sid: number.sid,
      accountSid: number.account_sid ?? null,
      phoneNumber: number.phone_number,
      friendlyName: number.friendly_name ?? null,
      snapshot: urlsAndKind(number),
    }));
    const mayAdopt = await deps.seesAll(tenantId);
    return db.asTenant(tenantId, (trx) => keepNumbers(trx, { tenantId, seen: sightings, mayAdopt, now: clock.now() }));
  }

  function wireOf(row: NumberRow): PhoneNumber {
    const seen = (row.twilio_snapshot ?? {}) as Partial<TwilioNumber>;
    const { warnings } = routing.toWire(row);
    return {
      sid: row.sid,
      phone_number: row.phone_number,
      friendly_name: row.friendly_name,
      capabilities: {
        voice: seen.capabilities?.voice === true,
        sms: seen.capabilities?.sms === true,
        mms: seen.capabilities?.mms === true,
      },
      voice_url: seen.voice_url || null,
      voice_fallback_url: seen.voice_fallback_url || null,
      status_callback: seen.status_callback || null,
      sms_url: seen.sms_url || null,
      assistant_id: row.assistant_id,
      routing_mode: row.mode as PhoneNumber['routing_mode'],
      vapi_phone_number_id: row.vapi_phone_number_id,
      problems: warnings.map((warning) => warning.detail),
      updated_at: row.updated_at?.toISOString() ?? null,
    };
  }

  return { list, get, bringToVapi };
}

/** Anything but a refusal of the credential or an answer about the number itself. */
function isOutage(error: unknown): boolean {
  return error instanceof UpstreamError && !['auth', 'not_found', 'invalid'].includes(error.kind);
}

function pageOf(
  numbers: PhoneNumber[],
  { cursor, limit }: { cursor?: string | undefined; limit: number },
  freshness: { stale: boolean; asOf: Date | null },
): NumberPage {
  const sorted = numbers.toSorted((a, b) => compare(positionOf(a), positionOf(b)));
  const rest = cursor === undefined ? sorted : sorted.filter((one) => compare(positionOf(one), cursor) > 0);
  const page = rest.slice(0, limit);
  const last = page.at(-1);
  const nextCursor = rest.length > limit && last !== undefined ? positionOf(last) : null;
  return { numbers: page, nextCursor, ...freshness };
}

function positionOf({ phone_number: number, sid }: PhoneNumber): string {
  return `${number}.${sid}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function oldestOf(rows: NumberRow[]): Date | null {
  const times = rows.flatMap((row) => (row.snapshot_at === null ? [] : [row.snapshot_at.getTime()]));
  return times.length === 0 ? null : new Date(Math.min(...times));
}
