/**
 * Time that a call may take. `withinTime` ends an attempt when its time is over, whether or not the work listens to its signal;
 * `sleep` waits without ever waking early.
 */
import type { Clock } from '../clock.ts';

/** What an attempt is given. The signal is made when it is first asked for, since most callers of fast work never do. */
export class AttemptScope {
  readonly attempt: number;
  readonly timeoutMs: number;
  /** Set once the attempt has begun; before that it waits for a place. */
  isUnderWay = false;
  #controller: AbortController | undefined;
  #ended = false;

  constructor(attempt: number, timeoutMs: number) {
    this.attempt = attempt;
    this.timeoutMs = timeoutMs;
  }

  /** Aborts when the attempt has run out of time or its caller has gone. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#ended) this.#controller.abort();
    return this.#controller.signal;
  }

  get hasEnded(): boolean {
    return this.#ended;
  }

  end(): void {
    this.#ended = true;
    this.#controller?.abort();
  }
}

export type TimeLimit = { clock: Clock; scope: AttemptScope; outer: AbortSignal | undefined };

/**
 * The outcome of `work`, or a rejection with `onTimeout()` after `scope.timeoutMs`, or with `onCancel()` when `outer` aborts.
 */
export function withinTime<T>(
  { clock, scope, outer }: TimeLimit,
  work: () => Promise<T>,
  ends: { onTimeout(): Error; onCancel(): Error },
): Promise<T> {
  if (outer?.aborted) return Promise.reject(ends.onCancel());
  return new Promise<T>((resolve, reject) => {
    const stop = (error: Error) => {
      finish();
      reject(error);
      scope.end();
    };
    const cancel = outer && (() => stop(ends.onCancel()));
    const stopTimer = clock.setTimer(scope.timeoutMs, () => stop(ends.onTimeout()));
    const finish = () => {
      stopTimer();
      if (cancel) outer.removeEventListener('abort', cancel);
    };
    if (cancel) outer.addEventListener('abort', cancel, { once: true });
    work().then(
      (value) => {
        finish();
        resolve(value);
      },
      (error: unknown) => {
        finish();
        reject(error);
      },
    );
  });
}

/** Waits at least `ms`; false when `signal` aborted first. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<boolean> {
  if (signal?.aborted) return Promise.resolve(false);
  const wakeMs = clock.monotonicMs() + ms;
  return new Promise((resolve) => {
    let stopTimer = clock.setTimer(ms, wake);
    signal?.addEventListener('abort', giveUp, { once: true });

    // Timers of the platform may fire up to a millisecond early; a `Retry-After` must not be broken by that.
    function wake() {
      const leftMs = wakeMs - clock.monotonicMs();
      if (leftMs > 0) {
        stopTimer = clock.setTimer(Math.ceil(leftMs), wake);
        return;
      }
      signal?.removeEventListener('abort', giveUp);
      resolve(true);
    }
    function giveUp() {
      stopTimer();
      resolve(false);
    }
  });
}
