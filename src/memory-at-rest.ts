/**
 * Gives memory back to the system once nobody comes. After a busy hour V8 holds garbage and a store of empty pages. It
 * would return both where little is allocated; but how much that is it learns from collections, and a process at rest
 * has none: it goes by the busy hour for ever. So it is told to favour memory for a moment, and collects by itself, in
 * small steps.
 */
import { setFlagsFromString } from 'node:v8';
import type { Clock } from './clock.ts';

export type AtRestOptions = {
  clock: Clock;
  /** Processor time of this process so far, in milliseconds. */
  cpuMs?: () => number;
  /** Tells V8 to favour memory over speed, or not any more. */
  favourMemory?: (isFavoured: boolean) => void;
  /** Drops what nobody needs any more, before V8 collects. */
  forget: () => void;
};

const LOOK_EVERY_MS = 10_000;
/** At rest is who used no more than this part of a processor between two looks, for a minute: limits are over then. */
const AT_REST_SHARE = 0.1;
const LOOKS_AT_REST = 6;
/** V8 looks every eight seconds, and collects twice. */
const FAVOURED_MS = 15_000;
/** A collection takes less; who needs more was woken, and gets the speed back. */
const FAVOURED_CPU_MS = 1_500;
const LOOK_WHILE_FAVOURED_MS = 1_000;

/** Does so once for each rest, until the answer is called. */
export function giveMemoryBackAtRest(options: AtRestOptions): () => void {
  const { clock, cpuMs = ownCpuMs, favourMemory = tellV8 } = options;
  let cancel = () => {};
  let isFavoured = false;
  const favour = (favoured: boolean) => {
    isFavoured = favoured;
    favourMemory(favoured);
  };

  const watch = (looksAtRest: number) => {
    const [fromMs, usedMs] = [clock.monotonicMs(), cpuMs()];
    cancel = clock.setTimer(LOOK_EVERY_MS, () => {
      const share = (cpuMs() - usedMs) / (clock.monotonicMs() - fromMs);
      const looks = share <= AT_REST_SHARE ? looksAtRest + 1 : 0;
      if (looks === LOOKS_AT_REST) giveBack();
      else watch(looks);
    });
  };

  const giveBack = () => {
    const [untilMs, untilCpuMs] = [clock.monotonicMs() + FAVOURED_MS, cpuMs() + FAVOURED_CPU_MS];
    options.forget();
    favour(true);
    const look = () => {
      if (clock.monotonicMs() < untilMs && cpuMs() < untilCpuMs) return wait();
      favour(false);
      // Only work makes something new to give back.
      watch(LOOKS_AT_REST);
    };
    const wait = () => (cancel = clock.setTimer(LOOK_WHILE_FAVOURED_MS, look));
    wait();
  };

  watch(0);
  return () => {
    cancel();
    if (isFavoured) favour(false);
  };
}

function ownCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

function tellV8(isFavoured: boolean): void {
  setFlagsFromString(isFavoured ? '--optimize-for-size' : '--no-optimize-for-size');
}
