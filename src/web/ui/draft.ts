/** What a person typed and has not saved, kept while the tab lives: leaving a page and coming back loses nothing. */
import { useSyncExternalStore } from 'react';
import { readSession, subscribeToSession } from '../session/session.ts';

const drafts = new Map<string, unknown>();
const listeners = new Set<() => void>();

subscribeToSession(() => {
  if (readSession().kind === 'signed_out') drafts.clear();
});

/** The draft under this id, and how to change it; `undefined` discards it. */
export function useDraft<T>(id: string): [T | undefined, (next: T | undefined) => void] {
  const draft = useSyncExternalStore(subscribe, () => drafts.get(id)) as T | undefined;
  const change = (next: T | undefined) => {
    if (next === undefined) drafts.delete(id);
    else drafts.set(id, next);
    for (const listener of listeners) listener();
  };
  return [draft, change];
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
