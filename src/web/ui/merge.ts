/** Two people changed one thing: what each of them did is kept, and only what both changed has to be chosen. */
import { same } from './same.ts';

export type Merge<T> = { merged: T; conflicts: (keyof T & string)[] };

/** Field by field; in conflict stands what is in force until somebody chooses. */
export function mergeFields<T extends Record<string, unknown>>(base: T, theirs: T, mine: T): Merge<T> {
  const merged: Record<string, unknown> = {};
  const conflicts: (keyof T & string)[] = [];
  for (const field of Object.keys(mine)) {
    const isMine = !same(mine[field], base[field]);
    const isTheirs = !same(theirs[field], base[field]);
    merged[field] = isMine && !isTheirs ? mine[field] : theirs[field];
    if (isMine && isTheirs && !same(mine[field], theirs[field])) conflicts.push(field);
  }
  return { merged: merged as T, conflicts };
}
