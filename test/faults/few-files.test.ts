/** More clients than the process may have files open (R33): it lives, and serves again once they are gone. */
import { readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Agent, request } from 'undici';
import { printResult } from '../harness/result.ts';
import { startTelephone, type Telephone } from '../harness/telephone.ts';
import { until } from '../harness/until.ts';

const OPEN_FILES = 256;
const CLIENTS = 400;
const SPARE_HANDLES = 5;
const PATIENCE_MS = 120_000;

let telephone: Telephone;
beforeAll(async () => {
  telephone = await startTelephone({ openFiles: OPEN_FILES });
  await telephone.route();
  // Whatever opens on first use is open by now.
  await telephone.ava.simulator.control.placeCall({ to: telephone.number });
}, 240_000);
afterAll(() => telephone?.stop());

it(
  'lives without files to open, answers who is connected already, and serves again',
  { timeout: 300_000 },
  async () => {
    const { ava } = telephone;
    const regular = new Agent({ connections: 1, pipelining: 1 });
    const ask = async (path: string) => {
      const headers = { authorization: `Bearer ${telephone.owner.token}` };
      const { statusCode, body } = await request(`${ava.url}${path}`, { headers, dispatcher: regular });
      await body.dump();
      return statusCode;
    };
    expect(await ask('/healthz')).toBe(200);
    const before = handles();
    const crowd = Array.from({ length: CLIENTS }, openConnection);
    await until('no file can be opened any more', () => handles() >= OPEN_FILES - 2, PATIENCE_MS);
    for (const path of ['/healthz', '/api/v1/vapi/settings', '/api/v1/twilio/numbers', '/api/v1/calls', '/metrics'])
      expect([200, 502, 503]).toContain(await ask(path));
    for (const socket of crowd) socket.destroy();

    await until('AVA is ready again', async () => (await fetch(`${ava.url}/readyz`)).ok, PATIENCE_MS);
    await until('settings are read again', async () => (await ask('/api/v1/vapi/settings')) === 200, PATIENCE_MS);
    const call = await ava.simulator.control.placeCall({ to: telephone.number });
    expect(call).toMatchObject({ heardError: false });
    const above = () => handles() - before;
    await until('their handles are closed', () => above() <= SPARE_HANDLES, PATIENCE_MS).catch(() => {});
    const exits = ava.process.exitCode === null ? 0 : 1;
    printResult({
      id: 'R33 files',
      value: `${exits}; ${above()}`,
      unit: `exits; handles above baseline, ${CLIENTS} clients with ${OPEN_FILES} files`,
      goal: '0; 0',
      floor: '0; 5',
      pass: exits === 0 && above() <= SPARE_HANDLES,
      n: CLIENTS,
    });
    await regular.close();
    expect({ exits, isBelow: above() <= SPARE_HANDLES }).toEqual({ exits: 0, isBelow: true });
  },
);

function openConnection(): Socket {
  const { hostname, port } = new URL(telephone.ava.url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => {});
  socket.write('GET /healthz HTTP/1.1\r\nHost: ava.test\r\n');
  return socket;
}

function handles(): number {
  return readdirSync(`/proc/${telephone.ava.process.pid}/fd`).length;
}
