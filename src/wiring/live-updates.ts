/** Live updates, told to the other replicas through the database. */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Database } from '../db/connect.ts';
import { createEvents, type Events } from '../features/system/events.ts';
import type { Log } from '../log.ts';

export function createLiveUpdates({ db, clock, log }: { db: Database; clock: Clock; log: Log }): Events {
  return createEvents({
    clock,
    origin: randomUUID(),
    onFault: (error) => log.warn({ err: error }, 'A live update did not reach other replicas'),
    broadcast: {
      notify: (channel, payloads) => db.notify(channel, payloads),
      listen: (channel, receive) =>
        db.listen(channel, (notice) => (notice.cause === 'message' ? receive(notice.payload) : undefined)),
    },
  });
}
