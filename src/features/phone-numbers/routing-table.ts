/**
 * The routing of every number, in memory and on disk: a ringing call never waits for the database. It follows changes on
 * all replicas, and after a start without a database it is what the disk remembers.
 */
import type { Clock } from '../../clock.ts';
import type { Database } from '../../db/connect.ts';
import type { Log } from '../../log.ts';
import type { NumberRouting } from './number-routing.ts';
import { readRoutingFile, writeRoutingFile } from './routing-file.ts';
import { loadRouting } from './routing-store.ts';

export type RoutingTable = {
  /** The number that was called, in the account that it was called in. */
  find(phoneNumber: string, accountSid: string | undefined): NumberRouting | undefined;
  findBySid(sid: string): NumberRouting | undefined;
  findByVapiId(vapiPhoneNumberId: string): NumberRouting | undefined;
  all(): NumberRouting[];
  /** Reads what changed; everything when `isWhole`. Throws `DatabaseUnavailable`. */
  refresh(isWhole?: boolean): Promise<void>;
  /** Tells every replica that routing changed, this one at once. */
  changed(): Promise<void>;
  /** Reads the disk, then the database as soon as it answers, and follows changes. */
  start(): Promise<void>;
  stop(): Promise<void>;
};

const CHANNEL = 'ava_routing';
const WHOLE_EVERY_MS = 60_000;
// A version may be given out before one that commits earlier, so a little is read again.
const OVERLAP = 200;

export function createRoutingTable(deps: { db: Database; clock: Clock; log: Log; file: string }): RoutingTable {
  const { db, clock, log } = deps;
  let bySid = new Map<string, NumberRouting>();
  let byNumber = new Map<string, NumberRouting[]>();
  let byVapiId = new Map<string, NumberRouting>();
  let version = 0;
  let refreshing: Promise<void> = Promise.resolve();
  let lastWholeMs = -Infinity;
  let stopListening: (() => Promise<void>) | undefined;

  async function load(isWhole: boolean): Promise<void> {
    const rows = await loadRouting(db.lane('call'), isWhole ? 0 : Math.max(0, version - OVERLAP));
    const isNews = isWhole || rows.some((row) => bySid.get(row.sid)?.version !== row.version);
    const next = new Map(isWhole ? [] : bySid);
    for (const row of rows) next.set(row.sid, row);
    index(next);
    version = rows.reduce((highest, row) => Math.max(highest, row.version), version);
    if (isWhole) lastWholeMs = clock.monotonicMs();
    if (isNews) await save();
  }

  function index(numbers: Map<string, NumberRouting>): void {
    bySid = numbers;
    byNumber = Map.groupBy(numbers.values(), (one) => one.phoneNumber);
    byVapiId = new Map([...numbers.values()].map((one) => [one.vapiPhoneNumberId ?? '', one]));
    byVapiId.delete('');
  }

  async function save(): Promise<void> {
    try {
      await writeRoutingFile(deps.file, [...bySid.values()]);
    } catch (error) {
      log.warn({ err: error, file: deps.file }, 'The last known routing could not be written to disk');
    }
  }

  // One at a time, so that an older answer never replaces a newer one.
  function refresh(isWhole = false): Promise<void> {
    const next = refreshing.catch(() => {}).then(() => load(isWhole));
    refreshing = next;
    return next;
  }

  function follow(): void {
    const isOld = clock.monotonicMs() - lastWholeMs > WHOLE_EVERY_MS;
    refresh(isOld).catch((error: unknown) => log.debug({ err: error }, 'Routing could not be read anew'));
  }

  return {
    find: (phoneNumber, accountSid) =>
      byNumber
        .get(phoneNumber)
        ?.find((one) => accountSid === undefined || one.accountSid === null || one.accountSid === accountSid),
    findBySid: (sid) => bySid.get(sid),
    findByVapiId: (id) => byVapiId.get(id),
    all: () => [...bySid.values()],
    refresh,
    async changed() {
      await refresh();
      await db.notify(CHANNEL, '').catch(() => {});
    },
    async start() {
      index(new Map((await readRoutingFile(deps.file, log)).map((routing) => [routing.sid, routing])));
      await refresh(true).catch((error: unknown) =>
        log.warn({ err: error, numbers: bySid.size }, 'The database does not answer; the last known routing is used'),
      );
      stopListening = await db.listen(CHANNEL, follow).catch(() => undefined);
    },
    async stop() {
      await stopListening?.();
      await refreshing.catch(() => {});
    },
  };
}
