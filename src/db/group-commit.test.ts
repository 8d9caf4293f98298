import { expect, test } from 'vitest';
import { createGroupCommit } from './group-commit.ts';

/** A store that keeps each group waiting until the test lets it go. */
function gated(mostPerGroup: number, more: { mostAtOnce?: number; fewestBeside?: number } = {}) {
  const groups: { items: string[]; done(): void }[] = [];
  const commit = createGroupCommit<string>({
    mostPerGroup,
    mostAtOnce: 1,
    mostWaiting: 5,
    ...more,
    store: (items) =>
      new Promise((resolve) => {
        groups.push({ items, done: resolve });
      }),
    isFaultOfItem: () => false,
    refuse: () => new Error('full'),
  });
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  return { groups, commit, turn };
}

test('what a caller waits for goes with the next group, before what waited longer', async () => {
  const { groups, commit, turn } = gated(2);
  const all = [commit.add('a')];
  await turn();
  all.push(commit.add('b'), commit.add('c'), commit.add('d'), commit.add('question', 'urgent'));
  for (let next = 0; next < 3; next += 1) {
    groups[next]!.done();
    await turn();
  }
  await Promise.all(all);
  expect(groups.map(({ items }) => items)).toEqual([['a'], ['question', 'b'], ['c', 'd']]);
});

test('beside a group that is under way, another begins when enough wait, or somebody who cannot', async () => {
  const { groups, commit, turn } = gated(9, { mostAtOnce: 2, fewestBeside: 3 });
  const all = [commit.add('a')];
  await turn();
  all.push(commit.add('b'), commit.add('c'));
  await turn();
  expect(groups).toHaveLength(1);
  all.push(commit.add('d'));
  await turn();
  expect(groups.map(({ items }) => items)).toEqual([['a'], ['b', 'c', 'd']]);
  groups[1]!.done();
  await turn();
  all.push(commit.add('e'));
  await turn();
  expect(groups).toHaveLength(2);
  all.push(commit.add('question', 'urgent'));
  await turn();
  expect(groups[2]!.items).toEqual(['question', 'e']);
  all.push(commit.add('f'));
  await turn();
  for (const { done } of groups) done();
  await turn();
  expect(groups[3]!.items).toEqual(['f']);
  groups[3]!.done();
  await Promise.all(all);
});

test('an item is not acknowledged before its group is stored, and a full line refuses at once', async () => {
  const { groups, commit, turn } = gated(1);
  let acknowledged = 0;
  const all = Array.from({ length: 5 }, (_, index) => commit.add(String(index)).then(() => (acknowledged += 1)));
  await expect(commit.add('too many')).rejects.toThrow('full');
  await turn();
  expect([groups.length, acknowledged]).toEqual([1, 0]);
  for (let next = 0; next < 5; next += 1) {
    groups[next]!.done();
    await turn();
    expect(acknowledged).toBe(next + 1);
  }
  await Promise.all(all);
});

/** A store that refuses groups with a bad item, or all of them while it is away. */
function fallible() {
  const stored: string[][] = [];
  const state = { isAway: false, tries: 0 };
  const commit = createGroupCommit<string>({
    mostPerGroup: 10,
    mostAtOnce: 1,
    mostWaiting: 100,
    store: async (items) => {
      state.tries += 1;
      if (state.isAway) throw new Error('away');
      if (items.includes('bad')) throw new Error('no such text');
      stored.push(items);
    },
    isFaultOfItem: (error) => (error as Error).message !== 'away',
    refuse: () => new Error('full'),
  });
  const add = (...items: string[]) =>
    Promise.all(
      items.map((item) =>
        commit.add(item).then(
          () => 'kept',
          (error: Error) => error.message,
        ),
      ),
    );
  return { stored, state, commit, add };
}

test('an item that cannot be stored is refused alone, and holds up nobody of its group', async () => {
  const { stored, add } = fallible();
  expect(await add('a', 'bad', 'b')).toEqual(['kept', 'no such text', 'kept']);
  expect(stored).toEqual([['a'], ['b']]);
});

test('while the store is away all are told so at once, without a try for each, and afterwards it goes on', async () => {
  const { stored, state, commit, add } = fallible();
  state.isAway = true;
  expect(await add('a', 'b')).toEqual(['away', 'away']);
  expect([commit.waiting(), state.tries]).toEqual([0, 1]);
  state.isAway = false;
  expect(await add('c', 'd')).toEqual(['kept', 'kept']);
  expect(stored).toEqual([['c', 'd']]);
});
