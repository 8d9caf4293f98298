/** Requests that are not what HTTP means, written byte by byte (S13): a clear refusal or a right answer, and the server goes on. */
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AvaUnderTest, startAva } from '../harness/ava.ts';
import { printResult } from '../harness/result.ts';

let ava: AvaUnderTest;
beforeAll(async () => {
  ava = await startAva();
});
afterAll(() => ava?.stop());

/** Sends bytes; answers what came back once it is `enough`, the server closed, or nothing came for a while. */
function exchange(bytes: string, enough: (received: string) => boolean = hasAnswer): Promise<string> {
  return new Promise((resolve) => {
    const { hostname, port } = new URL(ava.url);
    const socket = connect(Number(port), hostname);
    let received = '';
    const leave = () => socket.destroy();
    const silence = setTimeout(leave, 5_000);
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      silence.refresh();
      // A little longer, so that an answer too many is seen as well.
      if (enough(received)) setTimeout(leave, 100);
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      clearTimeout(silence);
      resolve(received);
    });
    socket.write(bytes, 'latin1');
  });
}

const hasAnswer = (received: string) => received.includes('\r\n\r\n');
const statuses = (answer: string) => [...answer.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => Number(match[1]));

const HOST = 'Host: ava.test\r\n';
const CASES: { name: string; bytes: string; allowed: number[] }[] = [
  {
    name: 'Content-Length and Transfer-Encoding together',
    bytes: `POST /api/v1/auth/login HTTP/1.1\r\n${HOST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\n${HOST}\r\n`,
    allowed: [400],
  },
  {
    name: 'two Content-Lengths',
    bytes: `POST /api/v1/auth/login HTTP/1.1\r\n${HOST}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x`,
    allowed: [400],
  },
  {
    name: 'an obfuscated Transfer-Encoding',
    bytes: `POST /api/v1/auth/login HTTP/1.1\r\n${HOST}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
    allowed: [400, 501],
  },
  { name: 'a space before the colon', bytes: `GET /healthz HTTP/1.1\r\nHost : ava.test\r\n\r\n`, allowed: [400] },
  { name: 'a folded header', bytes: `GET /healthz HTTP/1.1\r\n${HOST}X-A: b\r\n c\r\n\r\n`, allowed: [200, 400] },
  {
    name: 'a bare CR in a header',
    bytes: `GET /healthz HTTP/1.1\r\n${HOST}X-A: b\rInjected: c\r\n\r\n`,
    allowed: [400],
  },
  { name: 'bare LF line ends', bytes: `GET /healthz HTTP/1.1\nHost: ava.test\n\n`, allowed: [400, 200] },
  { name: 'a NUL in a header', bytes: `GET /healthz HTTP/1.1\r\n${HOST}X-A: b\0c\r\n\r\n`, allowed: [400] },
  { name: 'no Host', bytes: `GET /healthz HTTP/1.1\r\n\r\n`, allowed: [400] },
  {
    name: 'a header of 17 KiB',
    bytes: `GET /healthz HTTP/1.1\r\n${HOST}X-Big: ${'a'.repeat(17 * 1024)}\r\n\r\n`,
    allowed: [431],
  },
  {
    name: '3,000 headers',
    bytes: `GET /healthz HTTP/1.1\r\n${HOST}${Array.from({ length: 3000 }, (_, i) => `X-${i}: 1\r\n`).join('')}\r\n`,
    allowed: [431],
  },
  { name: 'a path of 8 KB', bytes: `GET /${'a'.repeat(8 * 1024)} HTTP/1.1\r\n${HOST}\r\n`, allowed: [200, 404, 414] },
  {
    name: 'a path parameter that is too long',
    bytes: `GET /api/v1/vapi/settings/${'a'.repeat(1000)} HTTP/1.1\r\n${HOST}\r\n`,
    allowed: [401, 404, 414],
  },
  {
    name: 'broken percent encoding',
    bytes: `GET /api/v1/vapi/settings/%zz HTTP/1.1\r\n${HOST}\r\n`,
    allowed: [400, 401, 404],
  },
  { name: 'TRACE', bytes: `TRACE / HTTP/1.1\r\n${HOST}\r\n`, allowed: [400, 404, 405, 501] },
  { name: 'CONNECT', bytes: `CONNECT evil.test:443 HTTP/1.1\r\n${HOST}\r\n`, allowed: [0, 400, 404, 405] },
  {
    name: 'the absolute form',
    bytes: `GET http://evil.test/healthz HTTP/1.1\r\n${HOST}\r\n`,
    allowed: [200, 400, 404],
  },
  { name: 'HTTP/0.9', bytes: `GET /healthz\r\n\r\n`, allowed: [0, 400] },
  { name: 'HTTP/2 preface', bytes: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', allowed: [400] },
  {
    name: 'a negative Content-Length',
    bytes: `POST /api/v1/auth/login HTTP/1.1\r\n${HOST}Content-Length: -1\r\n\r\n`,
    allowed: [400],
  },
  {
    name: 'a Content-Length in hexadecimal',
    bytes: `POST /api/v1/auth/login HTTP/1.1\r\n${HOST}Content-Length: 0x5\r\n\r\n{}   `,
    allowed: [400],
  },
  {
    name: 'a broken chunk size',
    bytes: `POST /api/v1/auth/login HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`,
    allowed: [400],
  },
  { name: 'plain nonsense', bytes: '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', allowed: [0, 400] },
];

test('odd requests are refused or answered rightly, each refusal with an id, and the server goes on', async () => {
  const wrong: string[] = [];
  for (const { name, bytes, allowed } of CASES) {
    const answer = await exchange(bytes);
    const first = statuses(answer)[0] ?? 0;
    if (!allowed.includes(first)) wrong.push(`${name}: answered ${first}`);
    if (first !== 0 && !/x-correlation-id: /i.test(answer)) wrong.push(`${name}: no correlation id`);
  }
  const smuggled = await exchange(CASES[0]!.bytes);
  if (statuses(smuggled).length > 1) wrong.push('a second request was smuggled in');
  expect(await (await fetch(`${ava.url}/healthz`)).json()).toMatchObject({ status: 'ok' });
  expect(ava.process.exitCode).toBeNull();
  printResult({
    id: 'S13',
    value: wrong.length,
    unit: 'wrong answers',
    goal: '0',
    floor: '0',
    pass: wrong.length === 0,
    n: CASES.length,
  });
  expect(wrong).toEqual([]);
});

test('10,000 pipelined requests are answered in order, and the server goes on', async () => {
  const count = 10_000;
  const answer = await exchange(
    `GET /healthz HTTP/1.1\r\n${HOST}\r\n`.repeat(count),
    (received) => statuses(received).length >= count,
  );
  expect(statuses(answer).filter((status) => status === 200)).toHaveLength(count);
  expect(ava.process.exitCode).toBeNull();
});
