/** Where this process stands between start and end; readiness follows it. */
export type Stage = 'starting' | 'ready' | 'draining';

export type Lifecycle = {
  stage(): Stage;
  become(stage: Stage): void;
  /** A request of somebody who still counts on this replica came at `nowMs` (monotonic). */
  heard(nowMs: number): void;
  /** When the latest such request came, in monotonic milliseconds; undefined before the first. */
  heardAtMs(): number | undefined;
  /** Balancers have noticed: whoever holds a connection for long is let go. */
  leave(): void;
  /** Calls `run` once, when this replica leaves, or at once when it has left; the answer forgets it. */
  onLeaving(run: () => void): () => void;
};

export function createLifecycle(): Lifecycle {
  let current: Stage = 'starting';
  let heardAtMs: number | undefined;
  let hasLeft = false;
  const waiting = new Set<() => void>();
  return {
    stage: () => current,
    become(stage) {
      // Draining is final: nothing that finishes late may put a leaving replica back into the balancer.
      if (current === 'draining') return;
      current = stage;
    },
    heard: (nowMs) => void (heardAtMs = nowMs),
    heardAtMs: () => heardAtMs,
    leave() {
      hasLeft = true;
      for (const run of waiting) run();
    },
    onLeaving(run) {
      if (hasLeft) run();
      waiting.add(run);
      return () => waiting.delete(run);
    },
  };
}
