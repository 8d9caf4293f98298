import { expect, test } from 'vitest';
import { createEventReader, type ServerEvent } from './event-reader.ts';

const read = (...chunks: string[]): ServerEvent[] => {
  const events: ServerEvent[] = [];
  const reader = createEventReader((event) => events.push(event));
  for (const chunk of chunks) reader.push(chunk);
  return events;
};

test('an event that arrives in pieces is read once, whole', () => {
  expect(read('id: a-1\nevent: ca', 'll\ndata: {"type"', ':"call"}\n', '\n')).toEqual([
    { id: 'a-1', type: 'call', data: '{"type":"call"}' },
  ]);
});

test('comments and empty events are passed over, and lines of data are joined', () => {
  expect(read(': still here\n\n', 'data: one\ndata: two\n\n')).toEqual([
    { id: undefined, type: 'message', data: 'one\ntwo' },
  ]);
});

test('the id of an event holds for those that follow', () => {
  expect(read('id: 7\ndata: x\n\ndata: y\n\n').map(({ id }) => id)).toEqual(['7', '7']);
});
