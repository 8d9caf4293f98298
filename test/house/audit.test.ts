/** docs/AUDIT.md promises proofs: each file and title that it names must be there. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from './imports.ts';

const text = readFileSync(path.join(ROOT, 'docs/AUDIT.md'), 'utf8');
const rows = text.split('\n').filter((line) => /^\| (R\d+|the|revert|`)/.test(line));

/** A file in backticks, a colon, and the titles of its tests in quotes. */
const PROOF = /`((?:test|src)\/[^`]+\.test\.ts)`: ((?:"[^"]+"(?:, )?)+)/g;

test('the audit has a row for each line of the guide, and a proof in each', () => {
  const lines = rows.map((row) => /^\| (R\d+) /.exec(row)?.[1]).filter((line) => line !== undefined);
  expect(lines).toEqual(Array.from({ length: 17 }, (_, index) => `R${index + 1}`));
  expect(rows.filter((row) => row.match(PROOF) === null)).toEqual([]);
});

test('every proof that the audit names is a test that exists', () => {
  const missing = [...text.matchAll(PROOF)].flatMap(([, file = '', titles = '']) => {
    const full = path.join(ROOT, file);
    if (!existsSync(full)) return [file];
    const source = readFileSync(full, 'utf8').replaceAll("\\'", "'");
    return [...titles.matchAll(/"([^"]+)"/g)]
      .map((match) => match[1]!)
      .filter((title) => !source.includes(title))
      .map((title) => `${file}: ${title}`);
  });
  expect(missing).toEqual([]);
});
