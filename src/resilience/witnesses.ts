/**
 * Whose word opens an upstream's circuit. One credential that fails may be sick itself; several, or the only one that is in
 * use, speak for the upstream. Two sightings are enough to know whether there is "another", so the memory is constant.
 */

export type Sighting = { key: string; atMs: number };
export type Sightings = readonly Sighting[];

export const nobody: Sightings = [];

/** A sighting is renewed at most this often, since it is noted for every call. */
const RENEWED_EVERY_MS = 1_000;

/** `sightings` with `key` seen at `atMs`: the two latest distinct keys, newest last. */
export function sight(sightings: Sightings, key: string, atMs: number): Sightings {
  const latest = sightings.at(-1);
  if (latest?.key === key && atMs - latest.atMs < RENEWED_EVERY_MS) return sightings;
  if (latest?.key === key) return [...sightings.slice(0, -1), { key, atMs }];
  return latest ? [latest, { key, atMs }] : [{ key, atMs }];
}

/** Whether somebody other than `key` was seen within the last `windowMs`. */
export function hasOther(sightings: Sightings, key: string, nowMs: number, windowMs: number): boolean {
  return sightings.some((seen) => seen.key !== key && nowMs - seen.atMs <= windowMs);
}
