/** Opened credentials in memory, so that a call costs no query. Dropped on a change; kept while the database is away. */
import type { Clock } from '../../clock.ts';
import type { LaneName } from '../../db/connect.ts';
import { DatabaseUnavailable } from '../../db/unavailable.ts';
import type { Vendor } from './store.ts';

export type CredentialCache<T> = {
  /**
   * Rejects with `DatabaseUnavailable` where nothing is known yet. What has to be read is read on `lane`, `api` by default, and
   * a look on one lane never waits for one on another.
   */
  find(tenantId: string, vendor: Vendor, lane?: LaneName): Promise<T | undefined>;
  forget(tenantId: string): void;
  /** Messages may have been missed: everything is looked at again at its next use. */
  suspectAll(): void;
};

export type CredentialCacheOptions<T> = {
  clock: Clock;
  load: (tenantId: string, vendor: Vendor, lane: LaneName) => Promise<T | undefined>;
  maxTenants?: number;
};

/** Changes are told by message; this is for a message that was lost. */
const MAX_AGE_MS = 30_000;

type Entry<T> = { value: T | undefined; checkedMs: number };

export function createCredentialCache<T>({
  clock,
  load,
  maxTenants = 10_000,
}: CredentialCacheOptions<T>): CredentialCache<T> {
  const tenants = new Map<string, Map<Vendor, Entry<T>>>();
  const flights = new Map<string, Promise<T | undefined>>();
  let forgotten = 0;

  const keep = (tenantId: string, vendor: Vendor, entry: Entry<T>) => {
    const entries = tenants.get(tenantId) ?? new Map<Vendor, Entry<T>>();
    tenants.delete(tenantId);
    tenants.set(tenantId, entries.set(vendor, entry));
    if (tenants.size > maxTenants) tenants.delete(tenants.keys().next().value!);
  };

  const look = (tenantId: string, vendor: Vendor, lane: LaneName): Promise<T | undefined> => {
    const key = `${lane} ${tenantId} ${vendor}`;
    const running = flights.get(key);
    if (running) return running;
    const before = forgotten;
    const checkedMs = clock.monotonicMs();
    const found = load(tenantId, vendor, lane)
      .then((value) => {
        // What was read while something changed may be of before the change.
        if (forgotten === before) keep(tenantId, vendor, { value, checkedMs });
        return value;
      })
      .finally(() => {
        if (flights.get(key) === found) flights.delete(key);
      });
    flights.set(key, found);
    return found;
  };

  return {
    async find(tenantId, vendor, lane = 'api') {
      const known = tenants.get(tenantId)?.get(vendor);
      if (known && clock.monotonicMs() - known.checkedMs < MAX_AGE_MS) return known.value;
      try {
        return await look(tenantId, vendor, lane);
      } catch (error) {
        // A ringing call goes on with the last known key: while the database is away nobody can change it.
        if (known && error instanceof DatabaseUnavailable) return known.value;
        throw error;
      }
    },
    forget(tenantId) {
      forgotten += 1;
      flights.clear();
      tenants.delete(tenantId);
    },
    suspectAll() {
      forgotten += 1;
      flights.clear();
      for (const entries of tenants.values()) for (const entry of entries.values()) entry.checkedMs = -Infinity;
    },
  };
}
