/**
 * Live updates for dashboards: a small ring of recent events per process, told to every replica over the database's
 * notifications. A reader that comes back with an id this process still knows gets what it missed; else `resync`.
 */
import type { Clock } from '../../clock.ts';
import { createGroupCommit } from '../../db/group-commit.ts';
import { fail } from '../../errors.ts';
import type { LiveEvent } from './contract.ts';

export type StoredEvent = LiveEvent & { sequence: string; tenantId: string | null; forOperators?: true };
export type EventSource = { type: LiveEvent['type']; id?: string | null };

export type EventReader = { tenantId: string; operator: boolean };

export type Events = {
  /** Tells every replica; `tenantId` null reaches all tenants (circuits, releases). */
  publish(tenantId: string | null, event: EventSource): void;
  /** Tells operators alone, of whatever tenant they are. */
  publishToOperators(event: EventSource): void;
  /** Events for `who` after `lastSequence`, then each new one; the answer ends the subscription. */
  subscribe(who: EventReader, lastSequence: string | undefined, deliver: (event: StoredEvent) => void): () => void;
};

/** How events reach other replicas. */
export type Broadcast = {
  notify(channel: string, payloads: string[]): Promise<void>;
  listen(channel: string, receive: (payload: string) => void): Promise<unknown>;
};

const CHANNEL = 'ava_events';
const RING_SIZE = 500;
/** The order in which other replicas hear of them is ours, so one group after the other. */
const GROUPS = { mostPerGroup: 200, mostAtOnce: 1, mostWaiting: 5_000 };

export function createEvents(deps: {
  clock: Clock;
  broadcast: Broadcast;
  origin: string;
  onFault(error: unknown): void;
}): Events {
  const ring: StoredEvent[] = [];
  const readers = new Set<{ who: EventReader; deliver(event: StoredEvent): void }>();
  let counter = 0;
  const telling = createGroupCommit<string>({
    ...GROUPS,
    store: (payloads) => deps.broadcast.notify(CHANNEL, payloads),
    isFaultOfItem: () => false,
    refuse: () => fail('overloaded', 'Too many live updates wait to be told.'),
  });

  const accept = (event: StoredEvent) => {
    ring.push(event);
    if (ring.length > RING_SIZE) ring.shift();
    for (const reader of readers) {
      if (isFor(event, reader.who)) reader.deliver(event);
    }
  };
  const isOurs = (event: StoredEvent) => event.sequence.startsWith(`${deps.origin}-`);
  deps.broadcast
    .listen(CHANNEL, (payload) => {
      const event = JSON.parse(payload) as StoredEvent;
      if (!isOurs(event)) accept(event);
    })
    .catch(deps.onFault);

  const tell = (tenantId: string | null, { type, id = null }: EventSource, audience: { forOperators?: true } = {}) => {
    counter += 1;
    const sequence = `${deps.origin}-${counter}`;
    const event = { type, id, tenantId, at: deps.clock.now().toISOString(), sequence, ...audience };
    accept(event);
    telling.add(JSON.stringify(event)).catch(deps.onFault);
  };

  return {
    publish: (tenantId, source) => tell(tenantId, source),
    publishToOperators: (source) => tell(null, source, { forOperators: true }),
    subscribe(who, lastSequence, deliver) {
      for (const event of missed(ring, who, lastSequence, deps)) deliver(event);
      const reader = { who, deliver };
      readers.add(reader);
      return () => readers.delete(reader);
    },
  };
}

function isFor(event: StoredEvent, { tenantId, operator }: EventReader): boolean {
  if (event.forOperators === true) return operator;
  return event.tenantId === null || event.tenantId === tenantId;
}

function missed(
  ring: StoredEvent[],
  who: EventReader,
  lastSequence: string | undefined,
  deps: { clock: Clock; origin: string },
): StoredEvent[] {
  if (lastSequence === undefined) return [];
  const index = ring.findIndex((event) => event.sequence === lastSequence);
  if (index < 0) {
    return [
      {
        type: 'resync',
        id: null,
        at: deps.clock.now().toISOString(),
        sequence: ring.at(-1)?.sequence ?? `${deps.origin}-0`,
        tenantId: who.tenantId,
      },
    ];
  }
  return ring.slice(index + 1).filter((event) => isFor(event, who));
}
