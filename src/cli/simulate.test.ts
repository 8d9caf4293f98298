import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openFrontDoor, openStreet, type Street } from '../../test/contracts/street.ts';

const run = promisify(execFile);
const main = new URL('main.ts', import.meta.url).pathname;

let street: Street;
beforeAll(async () => {
  street = await openStreet();
  await openFrontDoor(street);
});
afterAll(() => street.close());

type Ended = { code: number; stdout: string; stderr: string };

async function ava(...args: string[]): Promise<Ended> {
  const given = ['simulate', ...args, '--control', street.simulator.url];
  try {
    return { code: 0, ...(await run(process.execPath, [main, ...given])) };
  } catch (error) {
    return error as Ended;
  }
}

test('a call shows what the caller heard', async () => {
  const { code, stdout } = await ava('call', '--says', 'Hello there');
  expect(code).toBe(0);
  expect(stdout).toContain('how can I help?');
  const { stdout: json } = await ava('call', '--json');
  expect(JSON.parse(json)).toMatchObject({ outcome: 'ai', to: street.number });
});

test('an outage begins and ends, and status shows it', async () => {
  expect((await ava('outage', 'vapi', '--for', '4h', '--kind', 'hang')).stdout).toContain('vapi is out for 14400 s');
  expect((await ava('status')).stdout).toContain('vapi hang');
  expect((await ava('restore', 'vapi')).code).toBe(0);
  expect(JSON.parse((await ava('status', '--json')).stdout)).toMatchObject({ faults: [] });
});

test('a day exits 1 when a caller heard an error, and 0 when none did', async () => {
  expect((await ava('day', '--calls', '3', '--every', '1s')).code).toBe(0);
  street.house.on('/voice', () => ({ status: 500 }));
  const { code, stdout } = await ava('day', '--calls', '2', '--json');
  expect([code, JSON.parse(stdout)]).toMatchObject([1, { done: 2, heardError: 2 }]);
});

test.each([
  ['an unknown vendor', ['outage', 'nobody'], 'vendor must be one of'],
  ['a duration that is none', ['outage', 'vapi', '--for', 'long'], 'Write it as'],
  ['a script that is not there', ['script', './nothing.json'], 'nothing.json'],
])('%s is refused with a sentence', async (_what, args, sentence) => {
  const { code, stderr } = await ava(...args);
  expect(code).not.toBe(0);
  expect(stderr).toContain(sentence);
});
