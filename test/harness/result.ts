/** Figures that a test prints, one line each, and the seed and scale that a random test runs by. */

export type Figure = {
  /** The row of the quality table, such as `R01`. */
  id: string;
  value: number | string;
  unit: string;
  goal: string;
  floor: string;
  pass: boolean;
  /** Of how many. */
  n: number;
  seed?: number;
};

export function printResult({ id, value, unit, goal, floor, pass, n, seed }: Figure): void {
  console.log(`RESULT ${JSON.stringify({ id, value, unit, goal, floor, pass, n, seed: seed ?? null })}`);
}

/** A new seed each run; `AVA_TEST_SEED` replays one that was printed. */
export function testSeed(): number {
  const given = Number(process.env['AVA_TEST_SEED']);
  return Number.isSafeInteger(given) && process.env['AVA_TEST_SEED'] ? given : Math.floor(Math.random() * 2 ** 31);
}

/** How many times larger than in CI random tests run; `AVA_TEST_SCALE=50` reaches the full profile. */
export function testScale(): number {
  return Math.max(1, Number(process.env['AVA_TEST_SCALE']) || 1);
}

/** Numbers from 0 up to 1 that a seed decides (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
