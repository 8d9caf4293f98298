/**
 * One id, the whole story. From any id that somebody can copy (of a request, a call, a message, an effect) it finds the
 * calls behind it, asks every room what it keeps about them and about the correlation ids that they ran under, and puts
 * it in order. Each room is asked for a bounded number of rows by an index; nothing here reads what people said.
 */
import type { Transaction } from 'kysely';
import type { Database } from '../../db/connect.ts';
import type { Schema } from '../../db/schema.ts';
import { fail } from '../../errors.ts';
import { alertsAbout } from '../alerts/story.ts';
import { versionsAbout } from '../assistants/story.ts';
import { changesAbout } from '../audit/story.ts';
import type { Call, TimelineEntry } from '../calls/contract.ts';
import { callsAbout } from '../calls/story.ts';
import { effectsAbout } from '../effects/story.ts';
import { messagesAbout, quarantinedAbout } from '../webhook-inbox/story.ts';
import { isUuid } from '../../uuid.ts';
import type { Story, StoryCall } from './contract.ts';
import { readPlace, writePlace } from './place.ts';
import { ofAlert, ofCall, ofChange, ofEffect, ofMessage, ofQuarantined, ofVersion, type Telling } from './words.ts';

export type TimelineDeps = {
  db: Database;
  calls: {
    getBrief(tenantId: string, id: string): Promise<Call>;
    timeline(tenantId: string, id: string, most: number): Promise<TimelineEntry[]>;
  };
};

/** What the asker may see beside the calls: the audit trail is for admins, quarantine and alerts are for operators. */
export type StoryAsk = {
  tenantId: string;
  id: string;
  seesAudit: boolean;
  isOperator: boolean;
  limit: number;
  cursor?: string | undefined;
};

export type Timeline = ReturnType<typeof createTimeline>;

const MOST_ROWS = 500;
const MOST_CALLS = 10;
const MOST_CORRELATION_IDS = 200;
const AROUND_MS = 60_000;

type Found = { calls: StoryCall[]; tellings: Telling[]; truncated: boolean };

export function createTimeline(deps: TimelineDeps) {
  return {
    /** Throws `not_found` for an id under which nothing is kept. */
    async story(ask: StoryAsk): Promise<Story> {
      const { calls, tellings, truncated } = await gather(deps, ask);
      if (tellings.length === 0) throw fail('not_found', NOTHING);
      const from = readPlace(ask.cursor);
      const left = tellings.sort(inOrder).filter((one) => from === undefined || inOrder(one, from) > 0);
      const page = left.slice(0, ask.limit);
      return {
        id: ask.id,
        calls,
        entries: page.map(({ at, kind, name, text, ids }) => ({ at: at.toISOString(), kind, name, text, ids })),
        next_cursor: left.length > page.length ? writePlace(page.at(-1)!) : null,
        truncated,
      };
    },
  };
}

const NOTHING =
  'AVA keeps nothing under this id in this tenant. A request that only reads leaves no more than its log line: search the log for the id.';

async function gather(deps: TimelineDeps, ask: StoryAsk): Promise<Found> {
  const first = await deps.db.asTenant(ask.tenantId, (trx) => seed(trx, ask));
  const callIds = first.callIds.slice(0, MOST_CALLS);
  const most = Math.floor(MOST_ROWS / Math.max(1, callIds.length));
  const calls = await readCalls(deps, ask, { callIds, most });
  const told = calls.flatMap(({ call, entries }) => ofCall(call, entries));
  const correlationIds = [...new Set([...first.correlationIds, ...told.map((one) => one.ids.correlation_id ?? '')])]
    .filter((id) => id !== '')
    .slice(0, MOST_CORRELATION_IDS);
  const known = calls.map(({ call }) => call);
  const more = await deps.db.asTenant(ask.tenantId, (trx) => askRooms(trx, ask, known, correlationIds));
  const shared = ask.isOperator ? await askShared(deps.db, ask, known) : [];
  return {
    calls: known,
    tellings: unique([...told, ...more.tellings, ...shared]),
    truncated: more.isFull || first.callIds.length > MOST_CALLS || calls.some(({ entries }) => entries.length >= most),
  };
}

/** The calls and the correlation ids that the id itself leads to. */
async function seed(trx: Transaction<Schema>, { tenantId, id }: StoryAsk) {
  const ids = uuidsOf(id);
  const clues = { ids, correlationIds: [id], vapiCallIds: [id], twilioCallSids: [id] };
  const messages = await messagesAbout(trx, tenantId, clues, MOST_ROWS);
  const named = { ids, correlationIds: [id], keys: [id], keyPrefixes: [], messageId: id };
  const effects = (await effectsAbout(trx, tenantId, named, MOST_ROWS)).map(ofEffect);
  const versions = await versionsAbout(trx, tenantId, { ids, correlationIds: [] }, 1);
  const vendorIds = new Set([id, ...messages.flatMap((row) => [row.vapi_call_id ?? '', row.twilio_call_sid ?? ''])]);
  for (const { ids: of } of effects) if (of.twilio_call_sid !== undefined) vendorIds.add(of.twilio_call_sid);
  const callIds = await callsAbout(
    trx,
    tenantId,
    {
      ids: [...ids, ...effects.flatMap(({ ids: of }) => (of.call_id === undefined ? [] : [of.call_id]))],
      vendorIds: [...vendorIds].filter((one) => one !== ''),
      correlationIds: [id, ...effects.map(({ ids: of }) => of.correlation_id ?? id)],
    },
    MOST_CALLS + 1,
  );
  const correlationIds = [
    id,
    ...messages.map((row) => row.correlation_id),
    ...versions.map((row) => row.correlationId),
  ];
  return { callIds, correlationIds: [...correlationIds, ...effects.map(({ ids: of }) => of.correlation_id ?? id)] };
}

type KnownCall = { call: StoryCall; entries: TimelineEntry[] };

/** Newest first, with the `most` first entries of each. A call that was deleted in this very moment is left out. */
async function readCalls(
  { calls }: TimelineDeps,
  { tenantId }: StoryAsk,
  { callIds, most }: { callIds: string[]; most: number },
): Promise<KnownCall[]> {
  const found: KnownCall[] = [];
  for (const callId of callIds) {
    const call = await calls.getBrief(tenantId, callId).catch(unlessGone);
    if (call === undefined) continue;
    found.push({
      call: shortOf(call),
      entries: (await calls.timeline(tenantId, callId, most).catch(unlessGone)) ?? [],
    });
  }
  return found.sort((a, b) => (a.call.started_at < b.call.started_at ? 1 : -1));
}

async function askRooms(trx: Transaction<Schema>, ask: StoryAsk, calls: StoryCall[], correlationIds: string[]) {
  const { tenantId, id } = ask;
  const ids = uuidsOf(id);
  const vapiCallIds = calls.flatMap((call) => call.vapi_call_id ?? []);
  const twilioCallSids = calls.flatMap((call) => call.twilio_call_sid ?? []);
  const messageClues = {
    ids,
    correlationIds,
    vapiCallIds: [id, ...vapiCallIds],
    twilioCallSids: [id, ...twilioCallSids],
  };
  const effectClues = {
    ...{ ids, correlationIds, messageId: id },
    keys: [id, ...twilioCallSids.map((sid) => `ring:${sid}`), ...calls.map((call) => `call.told:${call.id}`)],
    keyPrefixes: calls.flatMap((call) => [`email:call:${call.id}:`, `sms:call:${call.id}:`]),
  };
  const messages = await messagesAbout(trx, tenantId, messageClues, MOST_ROWS);
  const effects = await effectsAbout(trx, tenantId, effectClues, MOST_ROWS);
  const versions = await versionsAbout(trx, tenantId, { ids, correlationIds }, MOST_ROWS);
  const changes = ask.seesAudit ? await changesAbout(trx, tenantId, correlationIds, MOST_ROWS) : [];
  return {
    isFull: [messages, effects, versions, changes].some((rows) => rows.length >= MOST_ROWS),
    tellings: [
      ...messages.map((row) => ofMessage(row, ask.isOperator)),
      ...effects.map(ofEffect),
      ...versions.map(ofVersion),
      ...changes.map(ofChange),
    ],
  };
}

/** What belongs to no tenant: messages in quarantine, and alerts around the time of the calls. */
async function askShared(db: Database, { id }: StoryAsk, calls: StoryCall[]): Promise<Telling[]> {
  const ids = uuidsOf(id);
  const quarantined = await quarantinedAbout(db, { ids, correlationIds: [id] }, MOST_ROWS);
  const alerts = await alertsAbout(db, { ids, during: timeOf(calls) }, MOST_ROWS);
  return [...quarantined.map(ofQuarantined), ...alerts.flatMap(ofAlert)];
}

/** From a minute before the newest call to a minute after it. */
function timeOf([newest]: StoryCall[]): { from: Date; to: Date } | undefined {
  if (newest === undefined) return undefined;
  const start = Date.parse(newest.started_at);
  const end = newest.ended_at === null ? start : Date.parse(newest.ended_at);
  return { from: new Date(start - AROUND_MS), to: new Date(end + AROUND_MS) };
}

function uuidsOf(id: string): string[] {
  return isUuid(id) ? [id] : [];
}

function shortOf({
  id,
  vapi_call_id,
  twilio_call_sid,
  direction,
  status,
  outcome,
  started_at,
  ended_at,
}: Call): StoryCall {
  return { id, vapi_call_id, twilio_call_sid, direction, status, outcome, started_at, ended_at };
}

function unlessGone(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'not_found') return undefined;
  throw error;
}

function inOrder(a: Pick<Telling, 'at' | 'key'>, b: Pick<Telling, 'at' | 'key'>): number {
  return a.at.getTime() - b.at.getTime() || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);
}

function unique(tellings: Telling[]): Telling[] {
  return [...new Map(tellings.map((one) => [one.key, one])).values()];
}
