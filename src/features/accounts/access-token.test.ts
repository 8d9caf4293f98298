import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { createHandClock } from '../../../test/harness/hand-clock.ts';
import { createAccessTokens } from './access-token.ts';

const secrets = { secretKey: 'a secret of this test, long enough' };
const grant = { userId: randomUUID(), tenantId: randomUUID(), sessionId: randomUUID() };

test('a token that was proved before is refused once it is over, as if it were new', () => {
  const clock = createHandClock();
  const tokens = createAccessTokens({ secrets, clock });
  const token = tokens.issue(grant, 600);
  expect(tokens.read(token)).toEqual(grant);
  expect(tokens.read(token)).toEqual(grant);
  clock.advance(631_000);
  expect(tokens.read(token)).toBeUndefined();
  expect(tokens.read(token)).toBeUndefined();
});

test('a token that differs from a proved one in a single character is proved anew', () => {
  const tokens = createAccessTokens({ secrets, clock: createHandClock() });
  const token = tokens.issue(grant, 600);
  expect(tokens.read(token)).toEqual(grant);
  for (let at = 0; at < token.length; at += 1) {
    const other = token[at] === 'A' ? 'B' : 'A';
    expect(tokens.read(token.slice(0, at) + other + token.slice(at + 1))).toBeUndefined();
  }
});
