import fc from 'fast-check';
import { expect, test } from 'vitest';
import { wordDiff } from './diff.ts';

test('only the words that differ are marked', () => {
  expect(wordDiff('How can I help you now?', 'How can I help you today?')).toEqual([
    { kind: 'same', text: 'How can I help you ' },
    { kind: 'removed', text: 'now?' },
    { kind: 'added', text: 'today?' },
  ]);
});

test('without what was added it reads as before, and without what was removed as after', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (before, after) => {
      const parts = wordDiff(before, after);
      const without = (kind: string) =>
        parts
          .filter((part) => part.kind !== kind)
          .map(({ text }) => text)
          .join('');
      expect([without('added'), without('removed')]).toEqual([before, after]);
    }),
  );
});
