/** The trend of noisy samples: the median of the slopes between all pairs (Theil and Sen), which no single peak can bend. */
import { median } from './load.ts';

export type Sample = { atMs: number; value: number };

const HOUR_MS = 3_600_000;

/** Units an hour. */
export function slopePerHour(samples: Sample[]): number {
  const slopes: number[] = [];
  for (const [index, first] of samples.entries()) {
    for (const later of samples.slice(index + 1)) {
      slopes.push(((later.value - first.value) / (later.atMs - first.atMs)) * HOUR_MS);
    }
  }
  return median(slopes);
}
