import { expect, test } from 'vitest';
import { createHandClock } from '../../../test/harness/hand-clock.ts';
import { createEvents } from './events.ts';

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
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  return { sent, faults, here, there, turn, receive: (payload: string) => receive(payload) };
}

test('live updates that come together reach the other replicas with one statement, each, and in their order', async () => {
  const { sent, faults, here, there, turn, receive } = fleet();
  const seen: (string | null)[] = [];
  there.subscribe('tenant', undefined, ({ id }) => seen.push(id));
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
  here.subscribe('tenant', undefined, ({ id }) => seen.push(id));
  here.publish('tenant', { type: 'call', id: 'now' });
  expect(seen).toEqual(['now']);
  expect(sent).toEqual([]);
});
