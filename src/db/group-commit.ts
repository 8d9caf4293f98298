/**
 * What waits is stored together, one statement and one flush for all of it, and each learns that it is on disk only when
 * that has happened. While one flush runs the next group gathers, so there is no timer to tune.
 */
export type GroupCommit<Item, Result = void> = {
  /** Resolves when the item is on disk; rejects with what kept it from getting there. An urgent one goes with the next group. */
  add(item: Item, order?: 'urgent'): Promise<Result>;
  /** How many wait. */
  waiting(): number;
};

export type GroupCommitOptions<Item, Result = void> = {
  /** Resolves to what each item's caller is told, in the items' order; to nothing where they are told nothing. */
  store(items: Item[]): Promise<[Result] extends [void] ? void : Result[]>;
  mostPerGroup: number;
  mostAtOnce: number;
  /** So many must wait, or an urgent one, for a group to begin beside another; 1 by default. A group has its price, however few are in it. */
  fewestBeside?: number;
  mostWaiting: number;
  /** Whether the group was at fault, rather than the database: then its items are stored one by one. */
  isFaultOfItem(error: unknown): boolean;
  /** What a caller is told for whom there is no room. */
  refuse(): Error;
};

type Waiter<Item, Result> = {
  item: Item;
  isUrgent: boolean;
  resolve(result: Result): void;
  reject(error: unknown): void;
};

export function createGroupCommit<Item, Result = void>(
  options: GroupCommitOptions<Item, Result>,
): GroupCommit<Item, Result> {
  const { fewestBeside = 1 } = options;
  let queue: Waiter<Item, Result>[] = [];
  let running = 0;

  function mayBegin(): boolean {
    if (running === 0) return queue.length > 0;
    return running < options.mostAtOnce && (queue.length >= fewestBeside || queue[0]?.isUrgent === true);
  }

  function pump(): void {
    while (mayBegin()) {
      const group = queue.slice(0, options.mostPerGroup);
      queue = queue.slice(group.length);
      running += 1;
      void storeGroup(group).finally(() => {
        running -= 1;
        pump();
      });
    }
  }

  async function storeGroup(group: Waiter<Item, Result>[]): Promise<void> {
    try {
      const results = (await options.store(group.map(({ item }) => item))) as Result[] | undefined;
      for (const [index, { resolve }] of group.entries()) resolve(results?.[index] as Result);
    } catch (error) {
      if (group.length === 1 || !options.isFaultOfItem(error)) for (const { reject } of group) reject(error);
      else for (const one of group) await storeGroup([one]);
    }
  }

  return {
    waiting: () => queue.length,
    add: (item, order) =>
      new Promise<Result>((resolve, reject) => {
        if (queue.length >= options.mostWaiting) {
          reject(options.refuse());
          return;
        }
        const isUrgent = order === 'urgent';
        queue[isUrgent ? 'unshift' : 'push']({ item, isUrgent, resolve, reject });
        // Whoever arrives in the same turn of the loop belongs to the same group.
        if (isUrgent || queue.length === 1 || queue.length === fewestBeside) setImmediate(pump);
      }),
  };
}
