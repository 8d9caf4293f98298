/**
 * Which assistant a number rings, and who answers if none can: read, changed, explained, and kept in step with Twilio.
 */
import type { Clock } from '../../clock.ts';
import type { Database } from '../../db/connect.ts';
import { errorsOf, fail } from '../../errors.ts';
import type { Actor } from '../../http/caller.ts';
import { etagOf, type IfMatch, matches } from '../../http/etag.ts';
import type { Log } from '../../log.ts';
import type { TwilioCredential } from '../../providers/twilio/clients.ts';
import type { TwilioRest } from '../../providers/twilio/rest.ts';
import type { TwilioNumber } from '../../providers/twilio/shapes.ts';
import type { Audit } from '../audit/audit.ts';
import type { RoutingPlan } from './fallback.ts';
import { findLoop } from './loops.ts';
import { desiredUrls, missingAt, parametersOf, type ProvisioningPlace, urlsOf, warningsOf } from './provisioning.ts';
import { type Routing, ROUTING_ERRORS, type RoutingInput } from './routing-contract.ts';
import { stubNumbers } from './stub-numbers.ts';
import {
  adoptNumber,
  type AdoptedNumber,
  EMPTY_PLAN,
  findNumber,
  listNumbers,
  lockNumber,
  type NumberRow,
  rememberNumber,
  writeRouting,
} from './routing-store.ts';
import type { RoutingTable } from './routing-table.ts';

export { isOpenAt } from './business-hours.ts';
export { fallbackStep, LAST_RESORT_TWIML, thanks, whisper } from './fallback.ts';
export type { RoutingPlan } from './fallback.ts';
export { createRoutingTable } from './routing-table.ts';
export type { NumberRouting } from './number-routing.ts';
export type { RoutingTable } from './routing-table.ts';
export type { ProvisioningPlace } from './provisioning.ts';

export type RoutingDeps = {
  db: Database;
  clock: Clock;
  log: Log;
  audit: Audit;
  table: RoutingTable;
  twilio: Pick<TwilioRest, 'getNumber' | 'updateNumber'>;
  credentialOf(tenantId: string): Promise<TwilioCredential | undefined>;
  place: ProvisioningPlace;
  /** Tells dashboards. */
  onChange?: (tenantId: string, sid: string) => void;
  /** Nothing is asked of Twilio, and its numbers are invented. */
  isStub?: boolean;
};

export type RoutingRooms = ReturnType<typeof createRouting>;

const failRouting = errorsOf(ROUTING_ERRORS);

export function createRouting(deps: RoutingDeps) {
  const { db, clock, log, table } = deps;

  /** The number as AVA knows it; one that is new to AVA is looked up at Twilio. Throws `not_found`. */
  async function find(tenantId: string, sid: string): Promise<NumberRow> {
    const known = await db.asTenant(tenantId, (trx) => findNumber(trx, sid));
    if (known !== undefined) return known;
    const adopted = deps.isStub === true ? invented(tenantId, sid) : await lookedUp(tenantId, sid);
    const row = await db.asTenant(tenantId, async (trx) => {
      await adoptNumber(trx, tenantId, adopted, clock.now());
      return await findNumber(trx, sid);
    });
    if (row === undefined) throw fail('not_found', 'This number belongs to somebody else.');
    return row;
  }

  async function lookedUp(tenantId: string, sid: string): Promise<AdoptedNumber> {
    const number = await deps.twilio.getNumber(await credentialOf(tenantId), sid);
    return {
      sid,
      accountSid: number.account_sid ?? null,
      phoneNumber: number.phone_number,
      friendlyName: number.friendly_name ?? null,
      snapshot: urlsAndKind(number),
    };
  }

  async function credentialOf(tenantId: string): Promise<TwilioCredential> {
    const credential = await deps.credentialOf(tenantId);
    if (credential === undefined) throw fail('twilio_not_configured', 'Connect Twilio first: Integrations → Twilio.');
    return credential;
  }

  const toWire = (row: NumberRow): Routing => wireOf(row, deps.place);

  async function provision(tenantId: string, sid: string): Promise<NumberRow> {
    const row = await find(tenantId, sid);
    if (deps.isStub === true || isInvented(row)) return row;
    const credential = await credentialOf(tenantId);
    const number = await deps.twilio.getNumber(credential, sid);
    const { changes, originals } = stepsFor(row, number, deps.place);
    const after = changes === undefined ? number : await deps.twilio.updateNumber(credential, sid, changes);
    return await db.asTenant(tenantId, async (trx) => {
      await rememberNumber(trx, sid, { twilio_snapshot: urlsAndKind(after), original_urls: originals }, clock.now());
      return (await findNumber(trx, sid))!;
    });
  }

  return {
    async get(tenantId: string, sid: string): Promise<Routing> {
      return toWire(await find(tenantId, sid));
    },

    /** Throws `routing_loop`, `conflict`, `not_found`. What Twilio does not take now, a job asserts later. */
    async put(
      tenantId: string,
      sid: string,
      input: RoutingInput,
      change: { actor: Actor; ifMatch: IfMatch | undefined },
    ): Promise<Routing> {
      await find(tenantId, sid);
      const { assistant_id: assistantId, mode, reason, ...plan } = input;
      await db.asTenant(tenantId, async (trx) => {
        const before = await lockNumber(trx, sid);
        if (before === undefined) throw fail('not_found', 'There is no such number.');
        refuseStale(toWire(before), input, change.ifMatch);
        const loop = findLoop({ phoneNumber: before.phone_number, plan }, await listNumbers(trx));
        if (loop !== undefined)
          throw failRouting('routing_loop', loop, { fields: [{ field: 'fallback.people', message: loop }] });
        await writeRouting(trx, sid, { assistantId, mode, plan, by: change.actor.name, now: clock.now() });
        await deps.audit.record(trx, {
          tenantId,
          actor: change.actor,
          action: 'routing.changed',
          subject: sid,
          details: {
            before: settingsOf(before),
            after: { assistant_id: assistantId, mode, ...plan },
            reason: reason ?? null,
            if_match: change.ifMatch !== undefined,
          },
        });
      });
      await table
        .changed()
        .catch((error: unknown) => log.warn({ err: error }, 'Other replicas learn of a new routing late'));
      await provision(tenantId, sid).catch((error: unknown) =>
        log.warn({ err: error, number: sid }, 'Twilio did not take the new routing yet; a job sets it again'),
      );
      deps.onChange?.(tenantId, sid);
      return toWire(await find(tenantId, sid));
    },

    provision,
    find,
    toWire,
    list: (tenantId: string) => db.asTenant(tenantId, listNumbers),
  };
}

/** What to change at Twilio now, and what to remember so that it can be put back. */
function stepsFor(row: NumberRow, number: TwilioNumber, place: ProvisioningPlace) {
  const remembered = row.original_urls as object | null;
  const wanted = desiredUrls(row, place);
  if (wanted === undefined) {
    // AVA leaves a number as it found it.
    return { changes: remembered === null ? undefined : parametersOf(remembered), originals: null };
  }
  const changes = missingAt(number, wanted);
  return { changes, originals: remembered ?? (changes === undefined ? null : urlsOf(number)) };
}

function invented(tenantId: string, sid: string): AdoptedNumber {
  const number = stubNumbers(tenantId).find((one) => one.sid === sid);
  if (number === undefined) throw fail('not_found', 'There is no such number.');
  const { phone_number: phoneNumber, friendly_name: friendlyName } = number;
  return { sid, accountSid: null, phoneNumber, friendlyName, snapshot: { phone_number: phoneNumber, stub: true } };
}

/** Was routed in stub mode: Twilio knows nothing of it, also after stub mode has ended. */
function isInvented({ twilio_snapshot: snapshot }: NumberRow): boolean {
  return (snapshot as { stub?: unknown } | null)?.stub === true;
}

const KEPT = [
  'phone_number',
  'friendly_name',
  'capabilities',
  'trunk_sid',
  'voice_application_sid',
  'sms_url',
  'sms_method',
  'account_sid',
] as const;

export function urlsAndKind(number: TwilioNumber): object {
  return { ...urlsOf(number), ...Object.fromEntries(KEPT.map((name) => [name, number[name] ?? null])) };
}

export function planOf(row: NumberRow): RoutingPlan {
  return (row.plan as RoutingPlan | null) ?? EMPTY_PLAN;
}

function settingsOf(row: NumberRow) {
  return { assistant_id: row.assistant_id, mode: (row.mode ?? 'off') as Routing['mode'], ...planOf(row) };
}

function wireOf(row: NumberRow, place: ProvisioningPlace): Routing {
  const settings = settingsOf(row);
  return {
    ...settings,
    sid: row.sid,
    phone_number: row.phone_number,
    flipped: row.flipped_urls !== null,
    warnings: warningsOf(row, place),
    updated_at: row.updated_at?.toISOString() ?? null,
    updated_by: row.updated_by,
    etag: etagOf({ ...settings, updated_at: row.updated_at?.toISOString() ?? null }),
  };
}

function refuseStale(current: Routing, yours: RoutingInput, ifMatch: IfMatch | undefined): void {
  if (matches(ifMatch, current.etag)) return;
  const fields = ['assistant_id', 'mode', 'fallback', 'language', 'business_hours', 'assistant_answers'] as const;
  const diff = fields
    .filter((field) => JSON.stringify(current[field]) !== JSON.stringify(yours[field]))
    .map((field) => ({ field, base: null, current: current[field], yours: yours[field] }));
  const { etag, updated_at, updated_by } = current;
  const value = Object.fromEntries(fields.map((field) => [field, current[field]]));
  throw fail('conflict', 'Somebody else has changed this routing. Look at it again.', {
    members: { current: { value, etag, updated_at, updated_by }, diff },
  });
}
