/**
 * Whose word opens an upstream's circuit. One credential that fails may be sick itself; several, or the only one that is in use,
 * speak for the upstream. Two sightings are enough to know whether there is "another", so the memory is constant.
 */
import type { Clock } from '../clock.ts';

type Sighting = { key: string; atMs: number };
/** The two latest distinct keys, newest last. */
type Sightings = readonly Sighting[];

export type Testimony = {
  /** Another credential failed too, and nothing was answered since. */
  isBacked: boolean;
  /** No other credential was in use. */
  isAlone: boolean;
};

/** A sighting is renewed at most this often, since one is noted for every call. */
const RENEWED_EVERY_MS = 1_000;

export class Witnesses {
  readonly #clock: Clock;
  readonly #windowMs: number;
  #inUse: Sightings = [];
  #failing: Sightings = [];

  /** Sightings older than `windowMs` are no evidence. */
  constructor(clock: Clock, windowMs: number) {
    this.#clock = clock;
    this.#windowMs = windowMs;
  }

  /** The credential `key` makes a call. */
  uses(key: string): void {
    this.#inUse = sight(this.#inUse, key, this.#clock.monotonicMs());
  }

  /** Somebody was answered: what failed before proves nothing any more. */
  answered(): void {
    if (this.#failing.length > 0) this.#failing = [];
  }

  /** A call of `key` failed; says what that is worth as evidence. */
  failed(key: string): Testimony {
    const nowMs = this.#clock.monotonicMs();
    const isBacked = this.#hasOther(this.#failing, key, nowMs);
    this.#failing = sight(this.#failing, key, nowMs);
    return { isBacked, isAlone: !this.#hasOther(this.#inUse, key, nowMs) };
  }

  #hasOther(sightings: Sightings, key: string, nowMs: number): boolean {
    return sightings.some((seen) => seen.key !== key && nowMs - seen.atMs <= this.#windowMs);
  }
}

function sight(sightings: Sightings, key: string, atMs: number): Sightings {
  const latest = sightings.at(-1);
  if (latest?.key !== key) return latest ? [latest, { key, atMs }] : [{ key, atMs }];
  return atMs - latest.atMs < RENEWED_EVERY_MS ? sightings : [...sightings.slice(0, -1), { key, atMs }];
}
