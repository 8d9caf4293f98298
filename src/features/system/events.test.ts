import { describe, expect, it, test } from 'vitest';
import { createHandClock } from '../../../test/harness/hand-clock.ts';
import { createEvents, type StoredEvent } from './events.ts';
import { createSteadyNews, NEWS_PAUSE_MS } from './steady-news.ts';

describe('news that come often', () => {
  it('are told at once, then at most once in a pause, and the last of a flood is told too', () => {
    const clock = createHandClock();
    const told: number[] = [];
    const news = createSteadyNews(clock, () => told.push(clock.monotonicMs()));
    for (let at = 0; at < 10_000; at += 1, clock.advance(1)) news('a tenant');
    clock.advance(60_000);
    expect(told).toEqual([0, 4_000, 8_000, 12_000]);
    news('a tenant');
    expect(told.at(-1)).toBe(70_000);
  });

  it('of one tenant hold back nobody else’s, and nothing is kept of those who are quiet', () => {
    const clock = createHandClock();
    const told: string[] = [];
    const news = createSteadyNews(clock, (key) => told.push(key));
    for (const key of ['a', 'b', 'a', 'b', 'c']) news(key);
    expect(told).toEqual(['a', 'b', 'c']);
    clock.advance(2 * NEWS_PAUSE_MS);
    expect(told.toSorted()).toEqual(['a', 'a', 'b', 'b', 'c']);
    expect(clock.pending()).toBe(0);
  });
});

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('live updates', () => {
  const WIRE: ((payload: string) => void)[] = [];
  const replica = (origin: string) =>
    createEvents({
      clock: createHandClock(),
      origin,
      onFault: () => {},
      broadcast: {
        notify: async (_channel, payloads) => {
          for (const payload of payloads) for (const receive of WIRE) receive(payload);
        },
        listen: async (_channel, receive) => WIRE.push(receive),
      },
    });

  it('that are for operators reach operators of every tenant, on every replica, and nobody else', async () => {
    const replicas = [replica('first'), replica('second')];
    const seen: string[] = [];
    const note = (name: string) => (event: StoredEvent) => void seen.push(`${name} ${event.type}`);
    for (const [index, events] of replicas.entries()) {
      events.subscribe({ tenantId: 'a', operator: true }, undefined, note(`operator of a at ${index}`));
      events.subscribe({ tenantId: 'b', operator: false }, undefined, note(`viewer of b at ${index}`));
    }
    replicas[0]!.publishToOperators({ type: 'webhook' });
    await turn();
    expect(seen).toEqual(['operator of a at 0 webhook', 'operator of a at 1 webhook']);
    replicas[0]!.publish('b', { type: 'assistant' });
    await turn();
    expect(seen.slice(2)).toEqual(['viewer of b at 0 assistant', 'viewer of b at 1 assistant']);
  });

  it('that were missed are resumed without those that were for others', () => {
    const events = replica('third');
    let last = '';
    events.subscribe({ tenantId: 'a', operator: true }, undefined, ({ sequence }) => void (last = sequence));
    events.publish(null, { type: 'release' });
    const from = last;
    events.publishToOperators({ type: 'webhook' });
    events.publish('b', { type: 'call' });
    const resumed: string[] = [];
    events.subscribe({ tenantId: 'a', operator: false }, from, ({ type }) => void resumed.push(type));
    events.publish('a', { type: 'call' });
    expect(resumed).toEqual(['call']);
  });
});

/** Statements wait until the test lets them go; another replica receives what they carry. */
function fleet() {
  const sent: { payloads: string[]; done(): void }[] = [];
  const faults: unknown[] = [];
  let receive: (payload: string) => void = () => {};
  const clock = createHandClock();
  const onFault = (error: unknown) => void faults.push(error);
  const notify = (_channel: string, payloads: string[]) =>
    new Promise<void>((done) => {
      sent.push({ payloads, done });
    });
  const here = createEvents({ clock, origin: 'here', onFault, broadcast: { notify, listen: async () => {} } });
  const listen = async (_channel: string, given: (payload: string) => void) => void (receive = given);
  const there = createEvents({ clock, origin: 'there', onFault, broadcast: { notify, listen } });
  return { sent, faults, here, there, receive: (payload: string) => receive(payload) };
}

test('live updates that come together reach the other replicas with one statement, each, and in their order', async () => {
  const { sent, faults, here, there, receive } = fleet();
  const seen: (string | null)[] = [];
  there.subscribe({ tenantId: 'tenant', operator: false }, undefined, ({ id }) => seen.push(id));
  for (let call = 0; call < 50; call += 1) here.publish('tenant', { type: 'call', id: `call-${call}` });
  await turn();
  here.publish('tenant', { type: 'call', id: 'late' });
  await turn();
  expect(sent.map(({ payloads }) => payloads.length)).toEqual([50]);
  sent[0]?.done();
  await turn();
  expect(sent.map(({ payloads }) => payloads.length)).toEqual([50, 1]);
  for (const payload of sent.flatMap(({ payloads }) => payloads)) receive(payload);
  expect(seen).toEqual([...Array.from({ length: 50 }, (_, call) => `call-${call}`), 'late']);
  expect(faults).toEqual([]);
});

test('a reader on this replica does not wait for the others to be told', () => {
  const { here, sent } = fleet();
  const seen: (string | null)[] = [];
  here.subscribe({ tenantId: 'tenant', operator: false }, undefined, ({ id }) => seen.push(id));
  here.publish('tenant', { type: 'call', id: 'now' });
  expect(seen).toEqual(['now']);
  expect(sent).toEqual([]);
});
