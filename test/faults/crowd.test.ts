/** A crowd at the doors of the API, all at once, and somebody at a door of another kind: over sockets, on AVA whole. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { type InProcess, startInProcess } from '../harness/in-process.ts';
import { until } from '../harness/until.ts';

const HEALTH = 'GET /healthz HTTP/1.1\r\nHost: ava\r\n\r\n';
const CROWD = 600;
/** Of those so many at the most are answered before somebody who comes when the first one is. */
const FIRST = CROWD / 4;

test('a crowd at the door of the API takes turns, and others go past it', { timeout: 180_000 }, async () => {
  const house = await startInProcess();
  const sockets: Socket[] = [];
  try {
    const token = await makeToken(house);
    const asked = `GET /api/v1/ops/circuit-breakers HTTP/1.1\r\nHost: ava\r\nAuthorization: Bearer ${token}\r\n\r\n`;
    for (let index = 0; index <= CROWD; index += 1) sockets.push(await openOne(house.url));
    // Who asks is known by now: else all would wait for the database together, and go on together.
    await fetch(`${house.url}/api/v1/ops/circuit-breakers`, { headers: { authorization: `Bearer ${token}` } });
    const [other, ...crowd] = sockets as [Socket, ...Socket[]];
    let answered = 0;
    const first = new Promise<void>((resolve) => {
      for (const socket of crowd) {
        socket.once('data', () => {
          answered += 1;
          resolve();
        });
      }
    });
    for (const socket of crowd) socket.write(asked);
    await first;
    other.write(HEALTH);
    const [text] = (await once(other, 'data')) as [Buffer];
    expect(String(text)).toMatch(/^HTTP\/1\.1 200 /);
    expect(answered).toBeLessThan(FIRST);
    await until('the whole crowd is answered', () => answered === CROWD, 60_000);
  } finally {
    for (const socket of sockets) socket.destroy();
    await house.stop();
  }
});

async function makeToken({ deps }: InProcess): Promise<string> {
  const { users } = deps.accounts;
  const person = { email: 'crowd@example.test', password: 'correct horse battery', tenant: 'Crowd' };
  await users.createUser(person);
  return await users.issueToken({ email: person.email, ttlSeconds: 3_600 });
}

/** Answered once: a socket believes that it is let in before the server has done so. */
async function openOne(url: string): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => {});
  socket.write(HEALTH);
  await once(socket, 'data');
  return socket;
}
