import type { FastifyRequest } from 'fastify';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { systemClock } from '../../clock.ts';
import type { NumberRouting } from '../phone-numbers/routing.ts';
import { createTwilioDoor } from './door.ts';
import type { Answer } from './inbound-calls.ts';

test('what a caller waits for is noted before the news that wait to be kept, and news wait in their line', async () => {
  const kept: string[] = [];
  const keep = async ({ type }: { type: string }, order?: 'urgent') => void kept.push(`${type} ${order ?? 'in line'}`);
  const routing = { tenantId: 'one' } as NumberRouting;
  const none = () => undefined;
  const door = createTwilioDoor({
    clock: systemClock,
    log: pino({ level: 'silent' }),
    routing: { find: () => routing, findBySid: none } as never,
    inbox: { keep, quarantine: async () => {} },
    spool: { add: async () => {} },
    tenantOfNumber: async () => undefined,
  });
  const request = { id: 'c', twilio: { CallSid: 'CA1' }, query: {}, work: {} } as unknown as FastifyRequest;
  await door.note(request, { type: 'voice', answer: { routing, decision: {} } as Answer });
  await door.keep(request, { type: 'status' });
  expect(kept).toEqual(['voice urgent', 'status in line']);
});
