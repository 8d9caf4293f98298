import { createServer as createHttpServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo, Server as TcpServer, Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '../clock.ts';
import type { ResilienceFact } from '../resilience/facts.ts';
import { createGuard } from '../resilience/guard.ts';
import { defaultGuardSettings } from '../resilience/guard-settings.ts';
import { UpstreamError } from '../resilience/upstream-error.ts';
import { failureTables } from './failure-tables.ts';
import { createGuardedHttp } from './http.ts';
import type { HttpRequest } from './http.ts';

const SECRET = 'sk-live-0123456789abcdef';
const closers: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

function setup(agentOptions = {}) {
  const facts: ResilienceFact[] = [];
  const emit = (fact: ResilienceFact) => void facts.push(fact);
  const guard = createGuard({ clock: systemClock, random: Math.random, emit, settings: defaultGuardSettings });
  guard.upstream('vapi', failureTables.vapi);
  guard.upstream('twilio', failureTables.twilio);
  const http = createGuardedHttp({ guard, clock: systemClock, emit, agentOptions });
  closers.push(() => http.close());
  const ask = <T>(url: string, extra: Partial<HttpRequest<T>> = {}) =>
    http.request<T>({
      upstream: 'vapi',
      credential: { key: SECRET, tenant: 'a' },
      operation: 'assistant.get',
      method: 'GET',
      url,
      headers: { Authorization: `Bearer ${SECRET}` },
      repeatable: false,
      deadlineMs: 3_000,
      attemptTimeoutMs: 3_000,
      lane: 'api',
      ...extra,
    });
  const failure = async (url: string, extra: Partial<HttpRequest> = {}): Promise<UpstreamError> => {
    const error = await ask(url, extra).then(
      () => expect.unreachable('it succeeded'),
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(UpstreamError);
    const everything = `${(error as Error).stack} ${JSON.stringify(error)} ${JSON.stringify(facts)}`;
    expect(everything).not.toContain(SECRET);
    return error as UpstreamError;
  };
  return { guard, facts, ask, failure };
}

/** An HTTP server that answers as told; gives its address and what it was asked. */
async function serve(answer: (request: IncomingMessage, response: ServerResponse, body: string) => void) {
  const asked: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[] = [];
  const server = createHttpServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      asked.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body });
      answer(request, response, body);
    });
  });
  return { url: await listen(server), asked };
}

/** A server below HTTP: it does with the socket what it is told once the request's head has come in. */
async function serveRaw(act: (socket: Socket) => void) {
  let connections = 0;
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    socket.once('data', () => act(socket));
  });
  closers.push(() => sockets.forEach((socket) => socket.destroy()));
  return { url: await listen(server), connections: () => connections };
}

async function listen(server: Server | TcpServer): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => new Promise((resolve) => server.close(resolve)));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function json(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n';

describe('a request', () => {
  test('carries its ids, its JSON and its headers, and gives the parsed answer', async () => {
    const { ask } = setup();
    const { url, asked } = await serve((_, response) => json(response, 201, { id: 'x' }, { 'x-request-id': '7' }));
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    const answer = await ask(`${url}/assistant`, {
      method: 'POST',
      json: { name: 'Ann' },
      correlationId: 'test-1',
      traceparent,
    });
    expect(answer).toMatchObject({ status: 201, body: { id: 'x' }, headers: { 'x-request-id': '7' } });
    expect(asked[0]).toMatchObject({ method: 'POST', url: '/assistant', body: '{"name":"Ann"}' });
    expect(asked[0]?.headers).toMatchObject({
      'x-correlation-id': 'test-1',
      traceparent,
      authorization: `Bearer ${SECRET}`,
      'content-type': 'application/json',
    });
  });

  test('sends forms as Twilio reads them, with repeated fields', async () => {
    const { ask } = setup();
    const { url, asked } = await serve((_, response) => json(response, 200, {}));
    await ask(url, { method: 'POST', form: { To: '+1 555', StatusCallbackEvent: ['initiated', 'ringing'] } });
    expect(asked[0]?.body).toBe('To=%2B1+555&StatusCallbackEvent=initiated&StatusCallbackEvent=ringing');
    expect(asked[0]?.headers['content-type']).toBe('application/x-www-form-urlencoded');
  });

  test('reuses its connection', async () => {
    const { ask, facts } = setup();
    const { url } = await serve((_, response) => json(response, 200, {}));
    for (let index = 0; index < 20; index += 1) await ask(url);
    const opened = facts.filter((fact) => fact.type === 'connection_opened');
    expect(opened.length).toBeLessThanOrEqual(2);
    expect(opened[0]).toEqual({ type: 'connection_opened', upstream: 'vapi' });
  });

  test('reads an empty answer as nothing', async () => {
    const { ask } = setup();
    const { url } = await serve((_, response) => void response.writeHead(204).end());
    expect(await ask(url)).toMatchObject({ status: 204, body: undefined });
  });

  test('gives text and bytes when asked to', async () => {
    const { ask } = setup();
    const { url } = await serve(
      (_, response) => void response.writeHead(200, { 'content-type': 'text/xml' }).end('<Response/>'),
    );
    expect((await ask(url, { answer: 'text' })).body).toBe('<Response/>');
    expect((await ask<Buffer>(url, { answer: 'bytes' })).body.length).toBe(11);
  });

  test('an answer of another shape is an error that names the place and not the value, and no circuit counts it', async () => {
    const { failure, guard } = setup();
    const { url } = await serve((_, response) => json(response, 200, { name: 'private words' }));
    const parse = () => {
      throw Object.assign(new Error('private words'), { issues: [{ path: ['assistant', 'name'] }] });
    };
    const error = await failure(url, { expect: { parse } });
    expect(error.detail).toBe('its answer to assistant.get has another shape than expected at assistant.name');
    expect(guard.circuits()[0]?.consecutiveFailures).toBe(0);
  });

  test('the caller can give up', async () => {
    const { failure } = setup();
    const { url } = await serveRaw(() => {});
    expect((await failure(url, { signal: AbortSignal.timeout(100) })).kind).toBe('cancelled');
  });
});

describe('a refusal of the vendor', () => {
  test.each([
    [400, 'invalid'],
    [401, 'auth'],
    [402, 'billing'],
    [403, 'auth'],
    [404, 'not_found'],
    [408, 'timeout'],
    [409, 'conflict'],
    [422, 'invalid'],
    [500, 'upstream'],
    [503, 'upstream'],
  ])('%i is %s', async (status, kind) => {
    const { failure } = setup();
    const { url } = await serve((_, response) =>
      json(response, status, { message: ['name must be a string', 'x is unknown'] }),
    );
    const error = await failure(url);
    expect(error).toMatchObject({
      kind,
      status,
      connected: true,
      body: { message: 'name must be a string; x is unknown' },
    });
  });

  test("Twilio's own code wins over the status", async () => {
    const { failure } = setup();
    const { url } = await serve((_, response) =>
      json(response, 400, { code: 20003, message: 'Authenticate', status: 400 }),
    );
    expect(await failure(url, { upstream: 'twilio' })).toMatchObject({ kind: 'auth', body: { code: '20003' } });
  });

  test('what the vendor quotes of our secrets and of phone numbers does not come back out', async () => {
    const { failure } = setup();
    const said = `key ${SECRET} is bad, Bearer abc.def, call +1 (555) 123-4567\r\nnow`;
    const { url } = await serve((_, response) => json(response, 401, { message: said }));
    expect((await failure(url)).body?.message).toBe('key *** is bad, Bearer ***, call ***4567 now');
  });

  test('HTML and broken bodies leave the status standing', async () => {
    const { failure } = setup();
    const { url } = await serve((_, response) => void response.writeHead(502).end('<html>Bad gateway</html>'));
    expect(await failure(url)).toMatchObject({ kind: 'upstream', status: 502, detail: 'it answered 502' });
  });

  test.each([
    ['seconds', () => '7', 7_000],
    ['a date', () => new Date(Date.now() + 90_000).toUTCString(), 90_000],
    ['an absurd time', () => '99999999999', 3_600_000],
    ['a date in the past', () => 'Sun, 06 Nov 1994 08:49:37 GMT', 0],
  ])('a 429 with %s says how long to wait', async (_, header, expectedMs) => {
    const { failure } = setup();
    const { url } = await serve((_request, response) => json(response, 429, {}, { 'retry-after': header() }));
    const error = await failure(url);
    expect(error.kind).toBe('rate_limited');
    expect(Math.abs((error.retryAfterMs ?? NaN) - expectedMs)).toBeLessThanOrEqual(1_000);
  });

  test('a redirect is never followed', async () => {
    const { failure } = setup();
    const inside = await serve((_, response) => json(response, 200, { secret: true }));
    const { url } = await serve((_, response) => void response.writeHead(302, { location: inside.url }).end());
    expect(await failure(url, { repeatable: true, maxAttempts: 1 })).toMatchObject({ kind: 'upstream', status: 302 });
    expect(inside.asked).toEqual([]);
  });
});

describe('a broken wire', () => {
  test('a refused connection never reached the upstream', async () => {
    const { failure } = setup();
    const { url } = await serve(() => {});
    await closers.pop()?.();
    expect(await failure(url)).toMatchObject({ kind: 'network', connected: false });
  });

  test('a name that does not resolve never reached the upstream', async () => {
    const { failure } = setup();
    expect(await failure('http://nowhere.invalid/')).toMatchObject({ kind: 'network', connected: false });
  });

  test('a reset before the answer is not repeated for a POST', async () => {
    const { failure } = setup();
    const { url, connections } = await serveRaw((socket) => socket.resetAndDestroy());
    expect(await failure(url, { method: 'POST', json: {} })).toMatchObject({ kind: 'network', connected: true });
    expect(connections()).toBe(1);
  });

  test('a reset before the answer is repeated for a read, three attempts in all', async () => {
    const { failure } = setup();
    const { url, connections } = await serveRaw((socket) => socket.resetAndDestroy());
    expect((await failure(url, { repeatable: true })).kind).toBe('network');
    expect(connections()).toBe(3);
  });

  test.each<[string, (socket: Socket) => void, string]>([
    [
      'a reset in the middle of the body',
      (socket) => socket.write(`${HEAD}content-length: 100\r\n\r\n{"a"`, () => socket.resetAndDestroy()),
      'network',
    ],
    [
      'an answer shorter than announced',
      (socket) => socket.end(`${HEAD}content-length: 100\r\n\r\n{"a":1}`),
      'network',
    ],
    ['a closed connection instead of an answer', (socket) => socket.end(), 'network'],
    ['something that is not HTTP', (socket) => socket.end('SSH-2.0-OpenSSH_9.6\r\n\r\n'), 'upstream'],
    ['malformed JSON', (socket) => socket.end(`${HEAD}content-length: 7\r\n\r\n{"a":1,`), 'upstream'],
    [
      'text with 200 that happens to parse',
      (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 2\r\n\r\n42'),
      'upstream',
    ],
    [
      'HTML with 200',
      (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 6\r\n\r\n<html>'),
      'upstream',
    ],
    ['a size beyond the limit', (socket) => socket.write(`${HEAD}content-length: 200000000\r\n\r\n{`), 'upstream'],
    [
      'headers without end',
      (socket) => drip(socket, 'HTTP/1.1 200 OK\r\n', `x-filler-${'y'.repeat(900)}: z\r\n`, 1),
      'upstream',
    ],
    [
      'chunks without end',
      (socket) => drip(socket, `${HEAD}transfer-encoding: chunked\r\n\r\n`, `1000\r\n${' '.repeat(4096)}\r\n`, 1),
      'upstream',
    ],
    ['a byte at a time', (socket) => drip(socket, `${HEAD}content-length: 5000\r\n\r\n`, ' ', 50), 'timeout'],
    ['an accepted connection and silence', () => {}, 'timeout'],
  ])('%s', async (_, act, kind) => {
    const { failure, guard } = setup();
    const { url } = await serveRaw(act);
    const limits = { deadlineMs: 700, attemptTimeoutMs: 700, maxResponseBytes: 1_000_000 };
    const startedMs = performance.now();
    expect((await failure(url, limits)).kind).toBe(kind);
    expect(performance.now() - startedMs).toBeLessThan(3_000);
    expect(guard.circuits()[0]?.consecutiveFailures, 'it counts').toBe(1);
  });

  test('a dead upstream is hit three times and not once more', async () => {
    const { failure } = setup();
    const { url, asked } = await serve((_, response) => json(response, 500, {}));
    const kinds: string[] = [];
    for (let index = 0; index < 10; index += 1) kinds.push((await failure(url)).kind);
    expect(kinds.filter((kind) => kind === 'circuit_open')).toHaveLength(7);
    expect(asked).toHaveLength(3);
  });
});

describe('an address that a tenant typed', () => {
  test.each([
    'http://127.0.0.1:1/',
    'http://2130706433/',
    'http://0x7f.1/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:a9fe:a9fe]/',
    'http://169.254.169.254/latest/meta-data',
    'http://10.0.0.1/',
    'http://localhost:5432/',
    'http://LOCALHOST./',
    'http://user:pass@example.com/',
    'ftp://example.com/',
    'not a url',
  ])('%s is refused before anything is sent', async (url) => {
    const { failure } = setup();
    expect(await failure(url, { addressFrom: 'tenant' })).toMatchObject({ kind: 'invalid', connected: false });
  });

  test('a name that leads inside is refused when the connection is opened', async () => {
    // The resolver of the system knows this machine by its host name.
    const { failure } = setup();
    const { hostname } = await import('node:os');
    const error = await failure(`http://${hostname()}:1/`, { addressFrom: 'tenant' });
    expect(error).toMatchObject({ kind: 'invalid', connected: false, detail: 'the name leads into a private network' });
  });
});

function drip(socket: Socket, first: string, then: string, everyMs: number): void {
  socket.write(first);
  const timer = setInterval(() => socket.writable && socket.write(then), everyMs);
  socket.on('close', () => clearInterval(timer));
}
