/**
 * Webhooks that wait are stored together, one statement and one flush for all of them, and each learns that it is on disk
 * only when that has happened. While one flush runs the next group gathers, so there is no timer to tune.
 */
export type GroupCommit<Item> = {
  /** Resolves when the item is on disk; rejects with what kept it from getting there. An urgent one goes with the next group. */
  add(item: Item, order?: 'urgent'): Promise<void>;
  /** How many wait. */
  waiting(): number;
};

export type GroupCommitOptions<Item> = {
  store(items: Item[]): Promise<void>;
  mostPerGroup: number;
  mostAtOnce: number;
  mostWaiting: number;
  /** Whether the group was at fault, rather than the database: then its items are stored one by one. */
  isFaultOfItem(error: unknown): boolean;
  /** What a caller is told for whom there is no room. */
  refuse(): Error;
};

type Waiter<Item> = { item: Item; resolve(): void; reject(error: unknown): void };

export function createGroupCommit<Item>(options: GroupCommitOptions<Item>): GroupCommit<Item> {
  let queue: Waiter<Item>[] = [];
  let running = 0;

  function pump(): void {
    while (running < options.mostAtOnce && queue.length > 0) {
      const group = queue.slice(0, options.mostPerGroup);
      queue = queue.slice(group.length);
      running += 1;
      void storeGroup(group).finally(() => {
        running -= 1;
        pump();
      });
    }
  }

  async function storeGroup(group: Waiter<Item>[]): Promise<void> {
    try {
      await options.store(group.map(({ item }) => item));
      for (const { resolve } of group) resolve();
    } catch (error) {
      if (group.length === 1 || !options.isFaultOfItem(error)) for (const { reject } of group) reject(error);
      else for (const one of group) await storeGroup([one]);
    }
  }

  return {
    waiting: () => queue.length,
    add: (item, order) =>
      new Promise<void>((resolve, reject) => {
        if (queue.length >= options.mostWaiting) {
          reject(options.refuse());
          return;
        }
        if (order === 'urgent') queue.unshift({ item, resolve, reject });
        else queue.push({ item, resolve, reject });
        // Whoever arrives in the same turn of the loop belongs to the same group.
        if (queue.length === 1) setImmediate(pump);
      }),
  };
}
