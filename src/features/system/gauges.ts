/** Gauges that cost a query: looked at now and then, whoever asks how often. */
import type { Clock } from '../../clock.ts';

/** Answers a function that runs the looks unless they ran within the last `everyMs`. A look that fails leaves its gauge as it was. */
export function createSlowGauges(clock: Clock, everyMs: number, looks: (() => Promise<void>)[]): () => Promise<void> {
  let lookedMs = Number.NEGATIVE_INFINITY;
  let running: Promise<void> | undefined;
  return () => {
    if (clock.monotonicMs() - lookedMs < everyMs) return running ?? Promise.resolve();
    lookedMs = clock.monotonicMs();
    // The page of metrics must be readable above all when the database is not.
    running = Promise.allSettled(looks.map((look) => look())).then(() => (running = undefined));
    return running;
  };
}
