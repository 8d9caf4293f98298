/**
 * Live updates: one stream of events for each tab, resumed where it broke off. An event only says that something
 * changed; what changed is asked for again, at most every few seconds for each kind, because questions are limited.
 */
import type { QueryClient } from '@tanstack/react-query';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useSyncExternalStore } from 'react';
import type { LiveEvent } from '../../features/system/contract.ts';
import { api } from '../api/api.ts';
import { isOwnEcho } from './echo.ts';
import { createEventReader } from './event-reader.ts';
import { untilSeen, whileSeen } from './seen.ts';

/** What each kind of event makes old: first words of query keys. */
const TOUCHES: Record<LiveEvent['type'], string[]> = {
  call: ['calls', 'messages'],
  setting: ['settings', 'assistants'],
  assistant: ['assistants', 'settings'],
  number: ['numbers', 'routing-tests'],
  circuit_breaker: ['circuits', 'routing-tests'],
  alert: ['alerts'],
  webhook: ['webhooks'],
  release: ['releases'],
  resync: ['calls', 'messages', 'settings', 'assistants', 'numbers', 'circuits', 'alerts', 'webhooks', 'releases'],
};

const LEAST_PAUSE_MS = 8000;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;
const POLL_MS = 30_000;

/** `starting`: the first stream is on its way; `cut`: there was one, and the next is being opened. */
export type LiveState = 'starting' | 'live' | 'cut';

let state: LiveState = 'starting';
const listeners = new Set<() => void>();

/** Keeps the stream open while the shell is on the screen. */
export function useLiveUpdates(): void {
  const queryClient = useQueryClient();
  useEffect(() => {
    const end = new AbortController();
    void keepListening(queryClient, end.signal);
    return () => end.abort();
  }, [queryClient]);
}

export function useLiveState(): LiveState {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => state,
  );
}

export function useIsLive(): boolean {
  return useLiveState() === 'live';
}

/** How often a page asks by itself: never while the stream tells it, else every half minute. */
export function usePollMs(): number | false {
  return useIsLive() ? false : POLL_MS;
}

async function keepListening(queryClient: QueryClient, signal: AbortSignal): Promise<void> {
  const touch = createToucher(queryClient, signal);
  let lastEventId: string | undefined;
  let failures = 0;
  while (!signal.aborted) {
    await untilSeen(signal);
    const look = whileSeen(signal);
    try {
      const response = await api.events(lastEventId, look.signal);
      failures = 0;
      become('live');
      await readStream(response, (id, type) => {
        lastEventId = id ?? lastEventId;
        touch(type);
      });
    } catch {
      failures += 1;
    }
    look.end();
    if (look.signal.aborted) {
      become('starting');
      continue;
    }
    become('cut');
    await pause(waitMs(failures), signal);
  }
}

async function readStream(response: Response, seen: (id: string | undefined, type: string) => void): Promise<void> {
  const reader = createEventReader(({ id, type }) => seen(id, type));
  const stream = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (stream === undefined) return;
  for (;;) {
    const { done, value } = await stream.read();
    if (done) return;
    reader.push(value);
  }
}

function createToucher(queryClient: QueryClient, signal: AbortSignal): (type: string) => void {
  const lastMs = new Map<string, number>();
  const planned = new Set<string>();
  const refresh = (key: string) => {
    planned.delete(key);
    lastMs.set(key, Date.now());
    if (!signal.aborted) void queryClient.invalidateQueries({ queryKey: [key] });
  };
  return (type) => {
    for (const key of TOUCHES[type as LiveEvent['type']] ?? []) {
      if (planned.has(key) || isOwnEcho(key)) continue;
      planned.add(key);
      const sinceMs = Date.now() - (lastMs.get(key) ?? 0);
      setTimeout(() => refresh(key), Math.max(150, LEAST_PAUSE_MS - sinceMs));
    }
  };
}

// Spread over the whole wait, so that a thousand tabs do not come back in the same second after a restart.
function waitMs(failures: number): number {
  const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(failures + 2, 8));
  return FIRST_WAIT_MS + Math.random() * longest;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function become(next: LiveState): void {
  if (state === next) return;
  state = next;
  for (const listener of listeners) listener();
}
