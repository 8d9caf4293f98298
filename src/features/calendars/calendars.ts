/**
 * A tenant's calendars: read and booked where they are connected, plainly invented in stub mode, refused otherwise.
 * Invented meetings are never shown as real ones, and one slot is never given to two people.
 */
import { createHash } from 'node:crypto';
import type { Config } from '../../config.ts';
import { errorsOf } from '../../errors.ts';
import type { CalendarEntry, OnBehalf } from '../../providers/calendar-provider.ts';
import { UpstreamError } from '../../resilience/upstream-error.ts';
import { type ConnectionDeps, createConnections, type Person } from './connections.ts';
import {
  type BookingBody,
  type BookingWire,
  CALENDAR_ERRORS,
  type CalendarEventListWire,
  type CalendarEventWire,
  type CalendarProvider,
  MAX_RANGE_DAYS,
} from './contract.ts';
import * as store from './store.ts';
import { stubBooking, stubEvents } from './stubs.ts';

export type CalendarDeps = ConnectionDeps & { config: Pick<Config, 'env' | 'stubMode'> };

export type Range = { from?: string | undefined; to?: string | undefined; limit: number };

export type Calendars = ReturnType<typeof createCalendars>;

const fail = errorsOf(CALENDAR_ERRORS);
const DAY_MS = 86_400_000;
/** A reservation whose booking was never heard of again is given up after this time. */
const RESERVED_MS = 2 * 60_000;
const MOST_READ = 250;

export function createCalendars(deps: CalendarDeps) {
  const { config, db, clock } = deps;
  const connections = createConnections(deps);

  async function listEvents(by: OnBehalf, provider: CalendarProvider, range: Range): Promise<CalendarEventListWire> {
    const from = range.from === undefined ? clock.now() : new Date(range.from);
    const wanted = range.to === undefined ? from.getTime() + 7 * DAY_MS : Date.parse(range.to);
    const to = new Date(Math.min(wanted, from.getTime() + MAX_RANGE_DAYS * DAY_MS));
    const head = { provider, from: from.toISOString(), to: to.toISOString(), next_cursor: null };
    if (config.stubMode) return { ...head, stub: true, events: stubEvents(from, to, range.limit) };
    const api = await connectedApi(by.tenantId, provider);
    const entries = await connections.withToken(by, provider, (token) =>
      api.listEntries(token, { from, to, limit: range.limit }, by),
    );
    return { ...head, stub: false, events: entries.map(wireOf) };
  }

  /** When nobody has time within the range, as far as the calendar says. */
  async function busy(by: OnBehalf, provider: CalendarProvider, { from, to }: { from: Date; to: Date }) {
    if (config.stubMode) {
      const times = stubEvents(from, to, MOST_READ).map(({ start, end }) => timeOf(start, end));
      return { stub: true as const, times };
    }
    const api = await connectedApi(by.tenantId, provider);
    const entries = await connections.withToken(by, provider, (token) =>
      api.listEntries(token, { from, to, limit: MOST_READ }, by),
    );
    const blocking = entries.filter((entry) => entry.status !== 'cancelled' && !entry.isFree);
    return { stub: false as const, times: blocking.map(({ start, end, allDay }) => ({ start, end, allDay })) };
  }

  /** Books once per `key`: a repeat answers the first booking, another key on the same time is refused. */
  async function book(
    by: OnBehalf & { actor: string },
    provider: CalendarProvider,
    body: BookingBody,
    key?: string,
  ): Promise<BookingWire> {
    const given = key ?? JSON.stringify([body.start, body.end, body.title, body.attendees ?? []]);
    const keyHash = createHash('sha256').update(`${by.tenantId}/${provider}/${given}`).digest();
    if (config.stubMode) return { event: stubBooking(body, keyHash), created: true, stub: true };
    await connectedApi(by.tenantId, provider);
    const slot = { provider, keyHash, start: new Date(body.start), end: new Date(body.end) };
    const staleBefore = new Date(clock.now().getTime() - RESERVED_MS);
    const claim = await db.asTenant(by.tenantId, (trx) => store.reserveSlot(trx, by.tenantId, slot, staleBefore));
    if (claim === 'taken') throw taken();
    return { ...(await bookReserved(by, slot, body, claim === 'known')), stub: false };
  }

  async function bookReserved(
    by: OnBehalf & { actor: string },
    slot: store.Slot,
    body: BookingBody,
    isKnown: boolean,
  ): Promise<{ event: CalendarEventWire; created: boolean }> {
    try {
      const booked = await db.asTenant(by.tenantId, (trx) => store.findBookedEvent(trx, slot));
      // A repeat of this key must not be stopped by its own earlier appointment.
      if (!isKnown) await refuseWhenBusy(by, slot);
      const { entry, isNew } = await addEntry(by, slot, body);
      if (booked === null) await remember(by, slot, entry.id, body.title);
      return { event: wireOf(entry), created: isNew && !isKnown };
    } catch (error) {
      // After an answer that never came the appointment may exist: the slot stays reserved, and a repeat finds out.
      const isUnknown =
        error instanceof UpstreamError && error.connected && (error.kind === 'timeout' || error.kind === 'network');
      if (!isUnknown) await db.asTenant(by.tenantId, (trx) => store.releaseSlot(trx, slot));
      throw error;
    }
  }

  async function addEntry(by: OnBehalf, slot: store.Slot, body: BookingBody) {
    const api = await connectedApi(by.tenantId, slot.provider);
    const entry = {
      key: slot.keyHash.toString('hex'),
      title: body.title,
      start: slot.start,
      end: slot.end,
      location: body.location,
      description: body.description,
      attendees: body.attendees ?? [],
    };
    return connections.withToken(by, slot.provider, (token) => api.addEntry(token, entry, by));
  }

  async function refuseWhenBusy(by: OnBehalf, slot: store.Slot): Promise<void> {
    const api = await connectedApi(by.tenantId, slot.provider);
    const range = { from: slot.start, to: slot.end, limit: 50 };
    const entries = await connections.withToken(by, slot.provider, (token) => api.listEntries(token, range, by));
    const blocking = entries.find((entry) => entry.status !== 'cancelled' && !entry.isFree);
    if (blocking !== undefined) throw taken();
  }

  async function remember(by: OnBehalf & { actor: string }, slot: store.Slot, eventId: string, title: string) {
    await db.asTenant(by.tenantId, async (trx) => {
      await store.markBooked(trx, slot, eventId);
      await deps.audit.record(trx, {
        tenantId: by.tenantId,
        actor: { name: by.actor },
        action: 'calendar.booked',
        subject: slot.provider,
        details: { event_id: eventId, title, start: slot.start.toISOString() },
      });
    });
  }

  /** Without a connection: the words that the environment wants. */
  async function connectedApi(tenantId: string, provider: CalendarProvider) {
    const api = deps.apis[provider];
    const connection = await db.asTenant(tenantId, (trx) => store.findConnection(trx, provider));
    if (api !== undefined && connection !== undefined) return api;
    if (config.env === 'production') {
      throw fail('stub_disabled_in_production', 'Stub integrations are disabled in production');
    }
    throw fail('calendar_not_connected', 'Connect this calendar first, or turn INTEGRATIONS_STUB_MODE on.');
  }

  return {
    listEvents,
    busy,
    book,
    isStub: config.stubMode,
    connections: (tenantId: string) => connections.list(tenantId),
    authorize: (person: Person, provider: CalendarProvider) => connections.authorize(person, provider),
    complete: connections.complete,
    disconnect: connections.disconnect,
  };
}

function timeOf(start: string, end: string) {
  return { start: new Date(start), end: new Date(end), allDay: false };
}

function taken() {
  return fail('calendar_slot_taken', 'Somebody else has this time. Choose another one.');
}

function wireOf(entry: CalendarEntry): CalendarEventWire {
  return {
    id: entry.id,
    title: entry.title,
    start: entry.start.toISOString(),
    end: entry.end.toISOString(),
    all_day: entry.allDay,
    location: entry.location,
    status: entry.status,
    url: entry.url,
  };
}
