/** What the server says in English of its own, a reader of French reads in French: every alert and every check. */
import { expect, it } from 'vitest';
import { FULL_CHECKS } from '../../src/cli/verify/full.ts';
import { RULES } from '../../src/features/alerts/rules.ts';
import { fr } from '../../src/web/text/fr.ts';

it('every alert rule says what is wrong, what it means and what to do in French', () => {
  const silent = RULES.filter(({ id, ...said }) => {
    const french = fr.server.alert(id);
    return (
      french === undefined || (['summary', 'meaning', 'action'] as const).some((part) => french[part] === said[part])
    );
  });
  expect(silent.map(({ id }) => id)).toEqual([]);
});

it('every check of a verification has its title in French', () => {
  expect(FULL_CHECKS.map(({ id }) => id).filter((id) => fr.server.check(id) === undefined)).toEqual([]);
});
