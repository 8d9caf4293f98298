/** Which calls were opened in this browser; only their ids are kept. */
import { useSyncExternalStore } from 'react';

const STORED = 'ava.read-calls';
const MOST = 1000;
const listeners = new Set<() => void>();
let ids: ReadonlySet<string> = load();

export function useReadCalls(): ReadonlySet<string> {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => ids,
  );
}

export function markCallRead(id: string): void {
  if (ids.has(id)) return;
  ids = new Set([...ids, id].slice(-MOST));
  try {
    localStorage.setItem(STORED, JSON.stringify([...ids]));
  } catch {
    // Storage is refused or full: it is remembered until the tab is closed.
  }
  for (const listener of listeners) listener();
}

function load(): ReadonlySet<string> {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(STORED) ?? '[]');
    return new Set(Array.isArray(stored) ? stored.filter((id) => typeof id === 'string') : []);
  } catch {
    return new Set();
  }
}
