import { expect, test } from 'vitest';
import { decodeAnswer } from './http-answer.ts';

const json = { 'content-type': 'application/json' };
const decode = (text: string) => decodeAnswer(Buffer.from(text), json, 'json');

test('of an answer in JSON, what no database keeps is taken out, in names too, and nothing else', () => {
  expect(decode(String.raw`{"a\u0000":"x\u0000y","b":["\ud800z","\ud83d\ude00"],"c":"\\u0000","d":1.5}`)).toEqual({
    a: 'xy',
    b: ['\ufffdz', '😀'],
    c: String.raw`\u0000`,
    d: 1.5,
  });
});
