import { expect, test } from 'vitest';
import { mergeFields } from './merge.ts';

const base = { name: 'Front desk', prompt: 'Be kind', people: [{ name: 'Ann' }] };

test('what only one of two people changed is kept from each', () => {
  const theirs = { ...base, prompt: 'Be brief' };
  const mine = { ...base, people: [{ name: 'Ben' }] };
  expect(mergeFields(base, theirs, mine)).toEqual({
    merged: { name: 'Front desk', prompt: 'Be brief', people: [{ name: 'Ben' }] },
    conflicts: [],
  });
});

test('what both changed differently is to be chosen, and stands as it is in force until then', () => {
  const merge = mergeFields(base, { ...base, name: 'Reception' }, { ...base, name: 'Desk' });
  expect(merge).toEqual({ merged: { ...base, name: 'Reception' }, conflicts: ['name'] });
});

test('what both changed to the same is no conflict', () => {
  const both = { ...base, name: 'Reception' };
  expect(mergeFields(base, both, { ...both })).toEqual({ merged: both, conflicts: [] });
});
