/**
 * A tab that nobody looks at gives its stream back: over HTTP/1.1 a browser opens six connections to a host, and six
 * forgotten tabs would otherwise keep the seventh from loading at all.
 */
const AWAY_MS = 20_000;

/** Ends with `signal`, and when the tab has been out of sight for a while. `end` stops watching. */
export function whileSeen(signal: AbortSignal): { signal: AbortSignal; end: () => void } {
  const away = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = () => {
    clearTimeout(timer);
    if (document.hidden) timer = setTimeout(() => away.abort(), AWAY_MS);
  };
  document.addEventListener('visibilitychange', look);
  look();
  return {
    signal: AbortSignal.any([signal, away.signal]),
    end() {
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', look);
    },
  };
}

/** Resolves once the tab is in sight, or `signal` ends the wait. */
export function untilSeen(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (document.hidden && !signal.aborted) return;
      document.removeEventListener('visibilitychange', look);
      resolve();
    };
    document.addEventListener('visibilitychange', look);
    signal.addEventListener('abort', look, { once: true });
    look();
  });
}
