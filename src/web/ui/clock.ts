import { useEffect, useState } from 'react';

/** The time now, renewed every `everyMs`: for ages and countdowns on the screen. */
export function useNowMs(everyMs: number): number {
  const [nowMs, setNowMs] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return nowMs;
}

/** Whole seconds from the first drawing of `key` until `ms` later. */
export function useCountdown(ms: number): number {
  const [endMs] = useState(() => Date.now() + ms);
  const nowMs = useNowMs(500);
  return Math.max(0, Math.ceil((endMs - nowMs) / 1000));
}
