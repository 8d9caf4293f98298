import { describe, expect, it } from 'vitest';
import { createPasswords } from './passwords.ts';

describe('passwords', () => {
  const passwords = createPasswords();

  it('are kept as argon2id with the parameters of today, each with a salt of its own', async () => {
    const [one, two] = await Promise.all([passwords.hash('correct horse'), passwords.hash('correct horse')]);
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
    expect(one).not.toBe(two);
    expect(await passwords.verify('correct horse', one)).toBe(true);
    expect(await passwords.verify('correct horsf', one)).toBe(false);
    expect(passwords.isOutdated(one)).toBe(false);
    expect(passwords.isOutdated(one.replace('t=2', 't=3'))).toBe(true);
  });

  it('fit in whatever way the keyboard composes their letters', async () => {
    const stored = await passwords.hash('caf\u00e9 horse');
    expect(await passwords.verify('cafe\u0301 horse', stored)).toBe(true);
  });

  it('never fit where nobody is', async () => {
    expect(await passwords.verify('', undefined)).toBe(false);
  });

  it('are refused at once where too many wait already, and looked at again when the crowd is gone', async () => {
    const crowd = await Promise.allSettled(Array.from({ length: 80 }, () => passwords.verify('x', undefined)));
    const refused = crowd.filter((result) => result.status === 'rejected');
    expect(refused).toHaveLength(80 - 34);
    expect(refused[0]!.reason).toMatchObject({ code: 'overloaded', status: 503 });
    expect(await passwords.verify('x', undefined)).toBe(false);
  });
});
