import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createControlClient } from './control-client.ts';
import { spanMs } from './script.ts';
import type { DayRun, ScriptRun } from './stories.ts';
import { openFrontDoor, openStreet, type Street } from '../../test/contracts/street.ts';

let street: Street;
beforeEach(async () => {
  street = await openStreet({ seed: 3 });
  await openFrontDoor(street);
});
afterEach(() => street.close());

const client = () => createControlClient(street.simulator.url);

async function done<T extends { isDone: boolean }>(path: string): Promise<T> {
  await expect.poll(async () => (await client().get<T>(path)).isDone, { timeout: 50_000 }).toBe(true);
  return await client().get<T>(path);
}

test('a day of callers is counted, and nobody hears an error', async () => {
  const { id } = await client().send<DayRun>('POST', '/control/days', { calls: 25 });
  const run = await done<DayRun>(`/control/days/${id}`);
  expect(run).toMatchObject({ done: 25, heardError: 0, outcomes: { error: 0 } });
  expect(run.outcomes.ai).toBeGreaterThan(15);
});

test('a day can be ordered for numbers that ring nowhere only by naming them', async () => {
  await expect(client().send('POST', '/control/days', { calls: 0 })).rejects.toThrow('calls must be');
});

test('an outage is told, counted and ended over HTTP', async () => {
  await client().send('POST', '/control/outages', { vendor: 'vapi' });
  const { faults } = await client().get<{ faults: unknown[] }>('/control/status');
  expect(faults).toMatchObject([{ vendor: 'vapi', kind: 'status', status: 503 }]);
  await client().send('DELETE', '/control/outages/vapi');
  expect(street.simulator.control.faults()).toEqual([]);
  await expect(client().send('POST', '/control/outages', { vendor: 'nobody' })).rejects.toThrow(
    'vendor must be one of',
  );
  await expect(client().send('POST', '/control/faults', { vendor: 'vapi', kind: 'x' })).rejects.toThrow('kind must be');
});

test('a call without a number rings the first that can, with or without waiting for it', async () => {
  const result = await client().send<{ to: string }>('POST', '/control/calls');
  expect(result.to).toBe(street.number);
  expect(await client().send('POST', '/control/calls?wait=false', {})).toEqual({ started: true });
  await street.simulator.control.settled();
  expect(street.simulator.control.callResults()).toHaveLength(2);
});

test('a script breaks and mends vendors at its times, and gives the speed back', async () => {
  const steps = [
    { at: '0:01', do: 'outage', vendor: 'vapi', say: 'Out' },
    { at: '0:02', do: 'call', to: street.number },
    { at: '3:00', do: 'restore', vendor: 'vapi' },
    { at: '3:00', do: 'call', to: street.number },
  ];
  const script = { name: 'Short', speed: 60, steps };
  const { id } = await client().send<ScriptRun>('POST', '/control/scripts', script);
  const run = await done<ScriptRun>(`/control/scripts/${id}`);
  expect(run).toMatchObject({ says: ['Out'], step: 4 });
  expect(street.simulator.control.callResults().map(({ outcome }) => outcome)).toEqual(['sentence', 'ai']);
  expect(street.simulator.control.status().speed).toBe(1000);
});

test('the script of the four-hour outage can be played', async () => {
  const file = new URL('scripts/vapi-four-hours.json', import.meta.url);
  const script = { ...(JSON.parse(await readFile(file, 'utf8')) as object), speed: 20_000 };
  const { id } = await client().send<ScriptRun>('POST', '/control/scripts', script);
  const run = await done<ScriptRun>(`/control/scripts/${id}`);
  expect(run.error).toBeUndefined();
  expect(run.days[0]).toMatchObject({ done: 240, heardError: 0 });
});

test('a script that is none is refused with a sentence', async () => {
  await expect(client().send('POST', '/control/scripts', {})).rejects.toThrow('list of steps');
  await expect(client().send('POST', '/control/scripts', { steps: [{ do: 'dance' }] })).rejects.toThrow('"do"');
});

test('spans are read in hours, minutes and seconds', () => {
  expect([spanMs('1:30:00'), spanMs('90:00'), spanMs('5400'), spanMs(5400)]).toEqual(Array(4).fill(5_400_000));
  expect(() => spanMs('soon')).toThrow('no time');
});

test('a simulator that is not there is said to be so', async () => {
  const nobody = createControlClient('http://127.0.0.1:9');
  await expect(nobody.get('/control/status')).rejects.toThrow('ava simulate serve');
});
