import { expect, test } from 'vitest';
import { z } from 'zod';
import { keepFrozenAnswers } from './serializer.ts';

const schema = z.object({ name: z.string(), tags: z.array(z.string()) });
const compiled = () => keepFrozenAnswers({ schema, method: 'GET', url: '/', httpStatus: '200' });

test('what the contract does not name stays inside, for frozen answers too', () => {
  const serialize = compiled();
  const answer = Object.freeze({ name: 'a', tags: ['x'], secret: 's' });
  for (let times = 0; times < 3; times += 1) expect(serialize(answer)).toBe('{"name":"a","tags":["x"]}');
});

test('an answer that may still change is written anew each time', () => {
  const serialize = compiled();
  const answer = { name: 'a', tags: [] };
  expect(serialize(answer)).toBe('{"name":"a","tags":[]}');
  answer.name = 'b';
  expect(serialize(answer)).toBe('{"name":"b","tags":[]}');
});

test('one frozen object in two routes leaves each by its own shape', () => {
  const answer = Object.freeze({ name: 'a', tags: ['x'] });
  const names = keepFrozenAnswers({
    schema: z.object({ name: z.string() }),
    method: 'GET',
    url: '/',
    httpStatus: '200',
  });
  expect(compiled()(answer)).toBe('{"name":"a","tags":["x"]}');
  expect(names(answer)).toBe('{"name":"a"}');
});

test('the text of a frozen answer is made once', () => {
  let made = 0;
  const counted = z.object({ name: z.string().refine(() => (made += 1) > 0) });
  const serialize = keepFrozenAnswers({ schema: counted, method: 'GET', url: '/', httpStatus: '200' });
  const answer = Object.freeze({ name: 'a' });
  const texts = [serialize(answer), serialize(answer), serialize(answer)];
  expect([texts, made]).toEqual([Array.from({ length: 3 }, () => '{"name":"a"}'), 1]);
});
