/** What the server says in English of its own, a reader of French reads in French: every alert and every check. */
import { expect, it } from 'vitest';
import { FULL_CHECKS } from '../../src/cli/verify/full.ts';
import { say, textOf } from '../../src/cli/verify/say.ts';
import { RULES } from '../../src/features/alerts/rules.ts';
import { fr } from '../../src/web/text/fr.ts';
import { readSources } from './imports.ts';

it('every alert rule says what is wrong, what it means and what to do in French', () => {
  const silent = RULES.filter(({ id, ...said }) => {
    const french = fr.server.alert(id);
    return (
      french === undefined || (['summary', 'meaning', 'action'] as const).some((part) => french[part] === said[part])
    );
  });
  expect(silent.map(({ id }) => id)).toEqual([]);
});

/** The sentences of `say` in the sources, with numbered gaps: its own reading of them, not that of `say`. */
function sentencesOf(source: string): string[] {
  return [...source.matchAll(/(?<!\w)say`((?:[^`\\]|\\.)*)`/g)].map(([, template]) => {
    let gaps = 0;
    let depth = 0;
    let words = '';
    for (const [token] of template!.matchAll(/\$\{|\\.|[\s\S]/g)) {
      const isGap = token === '${' && depth === 0;
      if (isGap) words += `{${gaps++}}`;
      if (token === '${' || (depth > 0 && token === '{')) depth += 1;
      else if (depth > 0 && token === '}') depth -= 1;
      else if (depth === 0) words += token.replace(/^\\/, '');
    }
    return words;
  });
}

it('everything that a check says is said in French too, with the same gaps', () => {
  const english = readSources('src/cli').flatMap(({ text }) => sentencesOf(text));
  expect(english.length).toBeGreaterThan(130);
  const gapsOf = (text: string) => [...text.matchAll(/\{\d\}/g)].map(String).toSorted();
  const french = (words: string) =>
    fr.server.checkSaid([{ words, values: Array.from({ length: 10 }, (_, at) => `{${at}}`) }]);
  expect(english.filter((words) => french(words) === undefined)).toEqual([]);
  expect(english.filter((words) => gapsOf(words).join() !== gapsOf(french(words) ?? '').join())).toEqual([]);
  const told = say`/healthz says ${'1.0'}, the API says ${'no code'}.`;
  expect([textOf(told), fr.server.checkSaid(told)]).toEqual([
    '/healthz says 1.0, the API says no code.',
    '/healthz dit 1.0, l’API dit sans code.',
  ]);
  expect(fr.server.checkSaid([...told, { words: 'Nobody knows this yet.', values: [] }])).toBeUndefined();
});

it('every check of a verification has its title in French', () => {
  expect(FULL_CHECKS.map(({ id }) => id).filter((id) => fr.server.check(id) === undefined)).toEqual([]);
});
