/** Where this process stands between start and end; readiness follows it. */
export type Stage = 'starting' | 'ready' | 'draining';

export type Lifecycle = {
  stage(): Stage;
  become(stage: Stage): void;
  /** Calls `run` once, when draining begins; the answer forgets it. */
  onDraining(run: () => void): () => void;
};

export function createLifecycle(): Lifecycle {
  let current: Stage = 'starting';
  const waiting = new Set<() => void>();
  return {
    stage: () => current,
    become(stage) {
      // Draining is final: nothing that finishes late may put a leaving replica back into the balancer.
      if (current === 'draining') return;
      current = stage;
      if (stage === 'draining') for (const run of waiting) run();
    },
    onDraining(run) {
      waiting.add(run);
      return () => waiting.delete(run);
    },
  };
}
