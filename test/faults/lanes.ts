/** Waits for all, also when one of them fails, so that nothing runs on while the house is taken down. */
export async function settled<T>(work: Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(work);
  return Promise.all(work);
}

/** Works through a list, `count` at a time. */
export async function lanes<T>(work: (() => Promise<T>)[], count: number): Promise<T[]> {
  const results: T[] = [];
  const waiting = work.values();
  const lane = async () => {
    for (const one of waiting) results.push(await one());
  };
  await settled(Array.from({ length: count }, lane));
  return results;
}
