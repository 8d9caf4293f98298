/** Chance that can be played again: the same seed and stream give the same numbers, ids and sids. */
export type Random = {
  /** From 0 (included) to 1 (excluded). */
  next(): number;
  /** A whole number from `min` to `max`, both included. */
  integer(min: number, max: number): number;
  pick<T>(list: readonly T[]): T;
  /** Lower-case hexadecimal digits. */
  hex(length: number): string;
  uuid(): string;
  /** A Twilio identifier: two letters and 32 hexadecimal digits. */
  sid(prefix: string): string;
  /** Goes on with what no other run of the same seed gives. */
  leap(run: number): void;
};

/** Each stream is independent, so that what one twin does never moves the ids of another. */
export function seededRandom(seed: number, stream: string): Random {
  let state = hash(stream, seed >>> 0);
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const integer = (min: number, max: number) => min + Math.floor(next() * (max - min + 1));
  const hex = (length: number) => Array.from({ length }, () => integer(0, 15).toString(16)).join('');
  return {
    next,
    integer,
    hex,
    pick<T>(list: readonly T[]): T {
      const chosen = list[integer(0, list.length - 1)];
      if (chosen === undefined) throw new Error('Nothing to pick from');
      return chosen;
    },
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-${integer(8, 11).toString(16)}${hex(3)}-${hex(12)}`,
    sid: (prefix) => prefix + hex(32),
    leap: (run) => void (state = hash(`${stream} ${run}`, seed >>> 0)),
  };
}

function hash(text: string, start: number): number {
  let value = start ^ 0x811c9dc5;
  for (const character of text) value = Math.imul(value ^ character.charCodeAt(0), 0x01000193);
  return value >>> 0;
}
