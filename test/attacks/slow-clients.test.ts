/**
 * Clients that send or read too slowly (S14), and clients that hang up in the middle of an answer (R33): everybody else
 * is served, and nothing stays open. `AVA_TEST_SCALE=5` has the full number of slow ones, `34` of those that hang up.
 */
import { readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type AvaUnderTest, startAva } from '../harness/ava.ts';
import { printResult, testScale } from '../harness/result.ts';
import { until } from '../harness/until.ts';

const SLOW = 100 * testScale();
const HANG_UPS = 300 * testScale();
const HANG_UPS_AT_ONCE = 50;
/** Handles above the number before that are forgiven. */
const SPARE_HANDLES = 5;
const DRIP_MS = 500;
const PATIENCE_MS = 150_000;
/** Of the document of the interface, which is the longest answer that anybody gets. */
const UNREAD_ANSWERS = 20;

let ava: AvaUnderTest;
let token: string;
beforeAll(async () => {
  ava = await startAva({ env: { RATE_LIMIT_PER_MINUTE: '1000000' } });
  ({ token } = await ava.owner());
  // Whatever opens on first use is open by now.
  expect(await isServed()).toBe(true);
}, 240_000);
afterAll(() => ava?.stop());

const HOST = 'Host: ava.test\r\n';
const ASK = `GET /api/v1/openapi.json HTTP/1.1\r\n${HOST}\r\n`;

type Slow = { name: string; opening: string; drip: string };
const KINDS: Slow[] = [
  { name: 'slow headers', opening: `GET /healthz HTTP/1.1\r\n${HOST}X-Slow: `, drip: 'a' },
  {
    name: 'slow body',
    opening: `POST /api/v1/auth/login HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nContent-Length: 5000\r\n\r\n{`,
    drip: ' ',
  },
  { name: 'no byte', opening: '', drip: '' },
  { name: 'unread answers', opening: ASK.repeat(UNREAD_ANSWERS), drip: '' },
];

it('serves everybody while slow clients hold connections, and cuts those off', { timeout: 300_000 }, async () => {
  const before = handles();
  const sockets = Array.from({ length: SLOW }, (_, index) => open(KINDS[index % KINDS.length]!));
  await until('every connection stands', () => handles() >= before + SLOW, PATIENCE_MS);
  const startedMs = performance.now();
  let [served, failed] = [0, 0];
  const isCut = async () => {
    if (await isServed()) served += 1;
    else failed += 1;
    return handles() <= before + SPARE_HANDLES;
  };
  await until('all slow clients are cut off', isCut, PATIENCE_MS);
  const seconds = (performance.now() - startedMs) / 1_000;
  for (const socket of sockets) socket.destroy();
  printResult({
    id: 'S14',
    value: `${((100 * served) / (served + failed)).toFixed(1)} %; ${seconds.toFixed(1)} s`,
    unit: `genuine served with ${SLOW} slow connections; until cut`,
    goal: '100 % with 4000; 10',
    floor: '100 % with 500; 30',
    pass: failed === 0 && seconds <= 30,
    n: served + failed,
  });
  expect(failed).toBe(0);
});

it(
  'lives through clients that hang up in the middle of an answer, and keeps no handle of them',
  { timeout: 300_000 },
  async () => {
    const before = handles();
    let left = HANG_UPS;
    const worker = async () => {
      while (left-- > 0) await hangUp();
    };
    await Promise.all(Array.from({ length: HANG_UPS_AT_ONCE }, worker));
    const above = () => handles() - before;
    await until('their handles are closed', () => above() <= SPARE_HANDLES, PATIENCE_MS).catch(() => {});
    printResult({
      id: 'R33 hang-ups',
      value: `${ava.process.exitCode === null ? 0 : 1}; ${above()}`,
      unit: 'exits; handles above baseline',
      goal: '0; 0',
      floor: '0; 5',
      pass: ava.process.exitCode === null && above() <= SPARE_HANDLES,
      n: HANG_UPS,
    });
    expect(above()).toBeLessThanOrEqual(SPARE_HANDLES);
    expect(await isServed()).toBe(true);
  },
);

function open({ opening, drip }: Slow): Socket {
  const { hostname, port } = new URL(ava.url);
  const socket = connect(Number(port), hostname);
  // Nothing is read: an end that the other side has sent is not answered either.
  socket.pause();
  socket.on('error', () => {});
  socket.write(opening);
  const dripping = drip === '' ? undefined : setInterval(() => socket.write(drip), DRIP_MS);
  socket.on('close', () => clearInterval(dripping));
  return socket;
}

/** Asks for something long and leaves at the first byte. */
function hangUp(): Promise<void> {
  const { hostname, port } = new URL(ava.url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () => socket.write(ASK.repeat(3)));
    socket.once('data', () => socket.resetAndDestroy());
    socket.on('error', () => {});
    socket.once('close', () => resolve());
  });
}

async function isServed(): Promise<boolean> {
  await wait(20);
  const init = { headers: { authorization: `Bearer ${token}`, connection: 'close' } };
  const answers = await Promise.all([fetch(`${ava.url}/readyz`), fetch(`${ava.url}/api/v1/auth/me`, init)]);
  await Promise.all(answers.map((answer) => answer.arrayBuffer()));
  return answers.every((answer) => answer.status === 200);
}

/** Open files and sockets of the server process. */
function handles(): number {
  return readdirSync(`/proc/${ava.process.pid}/fd`).length;
}
