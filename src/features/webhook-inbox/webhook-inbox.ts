/**
 * The ledger of vendors' messages. A message is on disk before its sender hears "ok"; it is understood later, once, in
 * the transaction that also has its effect. What belongs to nobody waits in quarantine for an operator.
 */
import type { Clock } from '../../clock.ts';
import type { Database } from '../../db/connect.ts';
import { createGroupCommit } from '../../db/group-commit.ts';
import { DatabaseUnavailable } from '../../db/unavailable.ts';
import { errorsOf, fail } from '../../errors.ts';
import { readCursor, writeCursor } from '../../http/cursor.ts';
import type { Metrics } from '../../metrics.ts';
import { type WebhookEvent, WEBHOOK_ERRORS } from './contract.ts';
import type { IncomingEvent, QuarantinedEvent } from './event.ts';
import {
  countLedger,
  findKept,
  findQuarantined,
  keepAll,
  type LedgerFilter,
  listLedger,
  makeDue,
  quarantineOne,
  type QuarantineRow,
  releaseQuarantined,
} from './store.ts';

export type { IncomingEvent, QuarantinedEvent } from './event.ts';
export { ownerByNumber } from './owner.ts';
export { twilioEvent } from './twilio-events.ts';

export type WebhookInbox = ReturnType<typeof createWebhookInbox>;

export type WebhookInboxDeps = {
  db: Database;
  clock: Clock;
  metrics: Metrics;
  /** Called when tenants have something new to process. */
  onKept(tenantIds: string[]): void;
  /** Called when the ledger reads differently: something was kept, put in quarantine, or is to be processed again. */
  onChange(): void;
  /** Whose a quarantined message is by now; undefined while nobody knows. */
  ownerOf(event: QuarantineRow): Promise<IncomingEvent | undefined>;
};

const failWebhook = errorsOf(WEBHOOK_ERRORS);
const MOST_PER_GROUP = 300;
/** A statement costs as much as keeping ten webhooks, before it keeps one. */
const FEWEST_BESIDE = 32;
const MOST_WAITING = 20_000;

export function createWebhookInbox({ db, clock, metrics, onKept, onChange, ownerOf }: WebhookInboxDeps) {
  const lane = db.lane('webhook');
  const commits = createGroupCommit<IncomingEvent>({
    mostPerGroup: MOST_PER_GROUP,
    mostAtOnce: 2,
    fewestBeside: FEWEST_BESIDE,
    mostWaiting: MOST_WAITING,
    async store(events) {
      const tenants = await keepAll(lane, events);
      if (tenants.length > 0) onKept(tenants);
      onChange();
    },
    isFaultOfItem: (error) => !(error instanceof DatabaseUnavailable),
    refuse: () => fail('overloaded', 'Too many webhooks wait to be stored.', { retryAfterSeconds: 2 }),
  });

  return {
    /** Resolves when the message is on disk, an urgent one before those that wait. Throws `DatabaseUnavailable` when it is not. */
    async keep(event: IncomingEvent, order?: 'urgent'): Promise<void> {
      await commits.add(event, order);
      metrics.webhookEvents.inc({ vendor: event.vendor, type: metricType(event.type), result: 'kept' });
    },

    /** Keeps a message of which nobody knows whose it is. */
    async quarantine(event: QuarantinedEvent): Promise<void> {
      await quarantineOne(lane, event);
      onChange();
      metrics.webhookEvents.inc({ vendor: event.vendor, type: metricType(event.type), result: 'quarantined' });
    },

    /** For messages that are counted and not kept. */
    count(vendor: 'vapi' | 'twilio', type: string, result: 'ignored' | 'refused'): void {
      metrics.webhookEvents.inc({ vendor, type: metricType(type), result });
    },

    async list({
      cursor,
      limit,
      ...filter
    }: Omit<LedgerFilter, 'before' | 'most'> & { cursor?: string | undefined; limit: number }) {
      const found = await listLedger(db, { ...filter, before: readCursor(cursor), most: limit + 1 });
      const webhooks = found.slice(0, limit);
      const last = webhooks.at(-1);
      const isMore = found.length > limit && last !== undefined;
      const nextCursor = isMore ? writeCursor({ time: new Date(last.received_at), id: last.id }) : null;
      return { webhooks, nextCursor };
    },

    async get(id: string): Promise<WebhookEvent & { kept: unknown }> {
      const event = await getEvent(db, id);
      return { ...event, kept: await findKept(db, event) };
    },

    /** Has it processed again; a quarantined one is given to its owner, if there is one by now. */
    async replay(id: string): Promise<WebhookEvent> {
      const event = await getEvent(db, id);
      if (event.tenant_id === null) await release(id);
      else {
        await makeDue(db, event.tenant_id, id, clock.now());
        onKept([event.tenant_id]);
      }
      onChange();
      return { ...event, state: 'pending' };
    },

    /** Sets what waits; resolves to how many messages were given up. */
    async refreshGauges(): Promise<number> {
      const counts = await countLedger(db);
      metrics.webhookBacklog.set(counts.pending);
      metrics.webhookQuarantine.set(counts.quarantined);
      return counts.dead;
    },

    waiting: () => commits.waiting(),
  };

  async function release(id: string): Promise<void> {
    const quarantined = await findQuarantined(db, id);
    if (quarantined === undefined) throw fail('not_found', 'There is no such webhook event.');
    const owned = await ownerOf(quarantined);
    if (owned === undefined) {
      throw failWebhook('webhook_not_replayable', `Nobody knows yet whose it is: ${quarantined.reason}.`);
    }
    await commits.add(owned);
    await releaseQuarantined(db, id);
  }
}

async function getEvent(db: Database, id: string): Promise<WebhookEvent> {
  const [event] = await listLedger(db, { id, most: 1 });
  if (event === undefined) throw fail('not_found', 'There is no such webhook event.');
  return event;
}

const KNOWN_TYPE = /^[a-z][a-z-]{0,40}/;

// Vendors invent types, and callers of ours could: a metric has room for a few.
function metricType(type: string): string {
  return KNOWN_TYPE.exec(type)?.[0] ?? 'other';
}
