/**
 * Which sessions stand, known in memory for at most a second, so that a request costs no query and a sign-out or a
 * change of role holds here at once and elsewhere within that second. Never answers from memory what it could
 * not check in time: without the database it rejects, and nobody is let in.
 */
import type { Clock } from '../../clock.ts';
import type { ActiveSession } from './store.ts';

export type SessionCache = {
  /** The session in that tenant, or undefined where it does not stand. Rejects when that cannot be told. */
  find(sessionId: string, tenantId: string): ActiveSession | undefined | Promise<ActiveSession | undefined>;
  forgetUser(userId: string): void;
  forgetAll(): void;
};

export type SessionCacheOptions = {
  clock: Clock;
  load: (sessionId: string, tenantId: string) => Promise<ActiveSession | undefined>;
  maxEntries?: number;
};

const MAX_AGE_MS = 1000;
/** From this age on the next one is fetched behind, so that steady traffic never waits. */
const RENEW_AGE_MS = 500;

type Entry = { session: ActiveSession | undefined; checkedMs: number };
type Flight = { startedMs: number; found: Promise<ActiveSession | undefined> };

export function createSessionCache({ clock, load, maxEntries = 10_000 }: SessionCacheOptions): SessionCache {
  const entries = new Map<string, Entry>();
  const flights = new Map<string, Flight>();
  let forgotten = 0;

  const look = (key: string, sessionId: string, tenantId: string): Promise<ActiveSession | undefined> => {
    const startedMs = clock.monotonicMs();
    const running = flights.get(key);
    if (running && startedMs - running.startedMs < MAX_AGE_MS) return running.found;
    const before = forgotten;
    const found = load(sessionId, tenantId)
      .then((session) => {
        // What was read while something changed may be of before the change.
        if (forgotten === before) keep(key, { session, checkedMs: startedMs });
        return session;
      })
      .finally(() => {
        if (flights.get(key)?.found === found) flights.delete(key);
      });
    flights.set(key, { startedMs, found });
    return found;
  };

  const keep = (key: string, entry: Entry) => {
    entries.delete(key);
    entries.set(key, entry);
    if (entries.size > maxEntries) entries.delete(entries.keys().next().value!);
  };

  const forget = (isMeant: (entry: Entry) => boolean) => {
    forgotten += 1;
    // Who asks from now on must not join a flight that left before the change.
    flights.clear();
    for (const [key, entry] of entries) if (entry.session === undefined || isMeant(entry)) entries.delete(key);
  };

  return {
    find(sessionId, tenantId) {
      const key = `${sessionId}|${tenantId}`;
      const entry = entries.get(key);
      if (entry === undefined) return look(key, sessionId, tenantId);
      const ageMs = clock.monotonicMs() - entry.checkedMs;
      if (ageMs >= MAX_AGE_MS) return look(key, sessionId, tenantId);
      // A failure behind is told to whoever has to wait for the answer.
      if (ageMs >= RENEW_AGE_MS) look(key, sessionId, tenantId).catch(() => {});
      return entry.session;
    },
    forgetUser: (userId) => forget((entry) => entry.session?.userId === userId),
    forgetAll: () => forget(() => true),
  };
}
