/**
 * A cache that keeps answers readable while their source is away. A fresh value is served as it is; an ageing one is served and
 * refreshed behind; an old one is fetched, and when that fails or takes too long the last known copy is served, marked stale. One fetch per key is
 * under way at a time, whoever asks. The least recently used entries go first.
 */
import type { Clock } from '../clock.ts';
import type { Emit } from './facts.ts';

export type CacheOptions = {
  /** For facts. */
  name: string;
  clock: Clock;
  emit: Emit;
  maxEntries: number;
  /** Younger than this is served without a thought, in milliseconds. */
  freshMs: number;
  /** Younger than this is served and refreshed behind; older is fetched first. */
  refreshBehindMs: number;
  /** Older than this is never served. */
  keepMs: number;
  /** How long a caller waits for a fetch when there is a last known copy. */
  patienceMs: number;
};

export type Cached<V> = {
  value: V;
  /** When the value came from its source. */
  asOf: Date;
  /** True when the source could not be asked in time, so that this is the last known copy. */
  stale: boolean;
};

export type Cache<V> = {
  /** The value of `key`, at once where it is there; rejects with the error of `load` only when there is no copy to serve. */
  get(key: string, load: () => Promise<V>): Cached<V> | Promise<Cached<V>>;
  /** What is kept, without asking anybody. */
  peek(key: string): Cached<V> | undefined;
  /** Keeps a value that was just learned; a fetch under way does not overwrite it. */
  set(key: string, value: V): void;
  /** Forgets the value; a fetch under way is not kept. */
  delete(key: string): void;
  /** Forgets every key that begins with `prefix`. */
  deleteByPrefix(prefix: string): void;
  clear(): void;
  readonly size: number;
};

type Entry<V> = { value: V; atMs: number; asOf: Date; lastFetchFailed: boolean };
type Flight<V> = { promise: Promise<Cached<V>>; isWanted: boolean };

export function createCache<V>(options: CacheOptions): Cache<V> {
  const { name, clock, emit, maxEntries, freshMs, refreshBehindMs, keepMs, patienceMs } = options;
  const entries = new Map<string, Entry<V>>();
  const flights = new Map<string, Flight<V>>();

  function get(key: string, load: () => Promise<V>): Cached<V> | Promise<Cached<V>> {
    const entry = entries.get(key);
    const ageMs = entry ? clock.monotonicMs() - entry.atMs : Infinity;
    if (!entry || ageMs >= keepMs) return fetchOnce(key, load);
    touch(key, entry);
    if (ageMs < freshMs) return served(entry);
    const fetching = fetchOnce(key, load);
    // Its failure is told as a fact and marked on the entry; nobody waits for it here.
    fetching.catch(() => {});
    return ageMs < refreshBehindMs ? served(entry) : fetchedOrLastKnown(fetching, entry);
  }

  function fetchOnce(key: string, load: () => Promise<V>): Promise<Cached<V>> {
    const known = flights.get(key);
    if (known) return known.promise;
    const flight: Flight<V> = { isWanted: true, promise: fetch() };
    flights.set(key, flight);
    return flight.promise;

    async function fetch(): Promise<Cached<V>> {
      // One turn later, so that the flight is known before `load` runs, whatever `load` does.
      await Promise.resolve();
      try {
        const value = await load();
        const entry = newEntry(value);
        if (flight.isWanted) keep(key, entry);
        return served(entry);
      } catch (error) {
        markFailed(key, error);
        throw error;
      } finally {
        if (flights.get(key) === flight) flights.delete(key);
      }
    }
  }

  /** The fetched value, or the last known one when the fetch fails or outlasts the caller's patience. */
  function fetchedOrLastKnown(fetching: Promise<Cached<V>>, entry: Entry<V>): Promise<Cached<V>> {
    const lastKnown = (): Cached<V> => ({ value: entry.value, asOf: entry.asOf, stale: true });
    return new Promise((resolve) => {
      const stopTimer = clock.setTimer(patienceMs, () => resolve(lastKnown()));
      fetching.then(resolve, () => resolve(lastKnown())).finally(stopTimer);
    });
  }

  function served({ value, asOf, lastFetchFailed }: Entry<V>): Cached<V> {
    return { value, asOf, stale: lastFetchFailed };
  }

  function newEntry(value: V): Entry<V> {
    return { value, atMs: clock.monotonicMs(), asOf: clock.now(), lastFetchFailed: false };
  }

  function keep(key: string, entry: Entry<V>): void {
    touch(key, entry);
    if (entries.size <= maxEntries) return;
    const [oldest] = entries.keys();
    if (oldest !== undefined) entries.delete(oldest);
  }

  function touch(key: string, entry: Entry<V>): void {
    entries.delete(key);
    entries.set(key, entry);
  }

  function markFailed(key: string, error: unknown): void {
    const entry = entries.get(key);
    if (!entry) return;
    entry.lastFetchFailed = true;
    const reason = error instanceof Error ? error.message : 'unknown';
    emit({ type: 'cache_refresh_failed', cache: name, reason, ageMs: clock.monotonicMs() - entry.atMs });
  }

  /** What a fetch under way brings is older than what is known now. */
  function disownFlight(key: string): void {
    const flight = flights.get(key);
    if (!flight) return;
    flight.isWanted = false;
    flights.delete(key);
  }

  function remove(key: string): void {
    entries.delete(key);
    disownFlight(key);
  }

  return {
    get,
    peek(key) {
      const entry = entries.get(key);
      return entry && served(entry);
    },
    set(key, value) {
      disownFlight(key);
      keep(key, newEntry(value));
    },
    delete: remove,
    deleteByPrefix(prefix) {
      for (const key of [...entries.keys(), ...flights.keys()]) if (key.startsWith(prefix)) remove(key);
    },
    clear() {
      for (const key of [...entries.keys(), ...flights.keys()]) remove(key);
    },
    get size() {
      return entries.size;
    },
  };
}
