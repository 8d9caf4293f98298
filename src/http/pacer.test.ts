/** The line in front of people's requests, over real sockets, on a clock that the handlers turn. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { afterEach, expect, it } from 'vitest';
import { createHandClock } from '../../test/harness/hand-clock.ts';
import { until } from '../../test/harness/until.ts';
import { currentContext } from '../correlation.ts';
import { createMetrics } from '../metrics.ts';
import { createPacer, type PacerOptions } from './pacer.ts';
import { createHttpServer } from './server.ts';

const TURN_MS = 2;
let tearDown: (() => Promise<void>) | undefined;
afterEach(async () => await tearDown?.());

it('lets a vendor past a crowd that came before it', async () => {
  const house = await start();
  const { crowd, vendor } = await gather(house);
  for (const [index, person] of crowd.entries()) person.ask(`/task/${index}`);
  await vendor.answered();
  expect(house.begunBeforeUrgent()).toBeLessThan(50);
  expect(house.madeBeforeUrgent()).toBeLessThan(50);
  await Promise.all(crowd.map((person) => person.answered()));
  expect(house.begun).toEqual(crowd.map((_, index) => String(index)));
});

it('lets those who waited for the same thing go on in turns', async () => {
  const house = await start();
  const { crowd, vendor } = await gather(house);
  for (const [index, person] of crowd.entries()) person.ask(`/asked/${index}`, `X-Correlation-ID: id-${index}\r\n`);
  await until('all wait for the same', () => house.held.length === 300);
  for (const goOn of house.held) goOn();
  await vendor.answered();
  expect(house.begunBeforeUrgent()).toBeLessThan(50);
  const answers = await Promise.all(crowd.map((person) => person.answered()));
  for (const [index, answer] of answers.entries()) expect(answer).toContain(`{"id":"id-${index}"}`);
});

it('runs what waited under its own correlation id', async () => {
  const house = await start();
  const crowd = await house.connectAll(50);
  await house.letIn(50);
  for (const [index, person] of crowd.entries()) person.ask(`/task/${index}`, `X-Correlation-ID: id-${index}\r\n`);
  const answers = await Promise.all(crowd.map((person) => person.answered()));
  for (const [index, answer] of answers.entries()) {
    expect(answer).toContain(`x-correlation-id: id-${index}\r\n`);
    expect(answer).toContain(`{"id":"id-${index}"}`);
  }
});

it('works for nobody who has hung up while waiting', async () => {
  const house = await start({ mostUnderWay: 1 });
  const [first, second, third] = await house.connectAll(3);
  first!.ask('/held');
  await until('the first is under way', () => house.held.length === 1);
  second!.ask('/task/second');
  third!.ask('/task/third');
  await until('two wait', async () => (await house.waiting()) === 2);
  second!.socket.destroy();
  await until('the server has noticed', async () => (await house.connections()) === 2);
  house.held.pop()!();
  await third!.answered();
  expect(house.begun).toEqual(['held', 'third']);
  expect(house.lines().map(({ path, status }) => [path, status])).toContainEqual(['/task/second', 499]);
  expect(await house.waiting()).toBe(0);
});

it('refuses who has waited too long, and whoever comes when too many wait', async () => {
  const house = await start({ mostUnderWay: 1, longestWaitMs: 10_000, mostWaiting: 2 });
  const people = await house.connectAll(4);
  people[0]!.ask('/held');
  await until('the first is under way', () => house.held.length === 1);
  people[1]!.ask('/task/1');
  people[2]!.ask('/task/2');
  await until('two wait', async () => (await house.waiting()) === 2);
  people[3]!.ask('/task/3', 'X-Correlation-ID: too-many\r\n');
  const refused = await people[3]!.answered();
  expect(refused).toMatch(/^HTTP\/1\.1 503 /);
  expect(refused).toContain('retry-after: 2\r\n');
  expect(refused).toContain('x-correlation-id: too-many\r\n');
  expect(refused).toContain('"code":"overloaded"');
  house.clock.advance(10_001);
  house.held.pop()!();
  expect(await people[1]!.answered()).toContain('"code":"overloaded"');
  expect(await people[2]!.answered()).toContain('"code":"overloaded"');
  expect(house.begun).toEqual(['held']);
  expect(await house.refusals()).toBe(3);
});

it('takes no place for a request that is never sent to its end', async () => {
  const house = await start({ mostUnderWay: 1 });
  const [slow, person] = await house.connectAll(2);
  slow!.socket.write(
    'POST /read HTTP/1.1\r\nHost: ava\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
  );
  await until('its beginning is there', () => house.begun.includes('sent in part'));
  person!.ask('/task/beside');
  expect(await person!.answered()).toMatch(/^HTTP\/1\.1 200 /);
});

it('takes no place for an answer without end', async () => {
  const house = await start({ mostUnderWay: 1 });
  const [reader, person] = await house.connectAll(2);
  reader!.ask('/endless');
  await until('it is read', () => house.held.length === 1);
  person!.ask('/task/beside');
  expect(await person!.answered()).toMatch(/^HTTP\/1\.1 200 /);
  house.held.pop()!();
});

/** The vendor comes when the first of the crowd is served: without the line, or in one turn, all of it would be served first. */
async function gather(house: Awaited<ReturnType<typeof start>>) {
  const crowd = await house.connectAll(300);
  const vendor = await house.connectOne();
  await house.letIn(301);
  house.onFirst(() => vendor.ask('/urgent'));
  return { crowd, vendor };
}

async function start(options: Partial<PacerOptions> = {}) {
  const clock = createHandClock(new Date());
  const metrics = createMetrics();
  const written: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void written.push(line) });
  const isUrgent = (url: string) => url === '/urgent';
  const pacer = createPacer({ clock, metrics, isUrgent, turnMs: TURN_MS, ...options });
  const server = { clock, log, metrics, pacer, trustProxy: [], corsOrigins: [], production: false };
  const app = await createHttpServer(server);
  const begun: string[] = [];
  const held: (() => void)[] = [];
  const hold = () => new Promise<object>((resolve) => held.push(() => resolve({})));
  const before = { begun: -1, made: -1 };
  let made = 0;
  let onFirst = () => {};
  app.addHook('onRequest', (_request, _reply, done) => {
    made += 1;
    done();
  });
  await app.register(async (scope) => {
    pacer.pace(scope);
    scope.addHook('onRequest', async ({ url }) => {
      if (url.startsWith('/asked/')) await hold();
    });
    for (const url of ['/task/:name', '/asked/:name']) {
      scope.get<{ Params: { name: string } }>(url, async (request) => {
        if (begun.push(request.params.name) === 1) onFirst();
        clock.advance(1);
        return { id: currentContext()?.correlationId };
      });
    }
    scope.addHook('preParsing', async (request) => {
      if (request.method === 'POST') begun.push('sent in part');
    });
    scope.post('/read', async () => ({}));
    scope.get('/held', () => {
      begun.push('held');
      return hold();
    });
    scope.get('/endless', { config: { isEndless: true } }, hold);
  });
  app.get('/urgent', async () => {
    Object.assign(before, { begun: begun.length, made });
    return {};
  });
  const connections = () =>
    new Promise<number>((resolve) => app.server.getConnections((_error, count) => resolve(count)));
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;
  const sockets: Socket[] = [];
  const connectOne = async () => {
    const client = await openClient(port);
    sockets.push(client.socket);
    return client;
  };
  const valueOf = async (metric: { get(): Promise<{ values: { value: number }[] }> }) =>
    (await metric.get()).values[0]?.value ?? 0;
  tearDown = async () => {
    for (const socket of sockets) socket.destroy();
    await app.close();
  };
  return {
    ...{ clock, begun, held, connectOne },
    connectAll: (count: number) => Promise.all(Array.from({ length: count }, connectOne)),
    begunBeforeUrgent: () => before.begun,
    /** So many were read and made into requests. */
    madeBeforeUrgent: () => before.made,
    lines: () => written.map((line) => JSON.parse(line) as { path?: string; status?: number }),
    waiting: () => valueOf(metrics.requestsWaiting),
    refusals: () => valueOf(metrics.overloadRejections),
    connections,
    /** One connection a turn is let in, whatever its other end believes. */
    letIn: (count: number) => until('all are let in', async () => (await connections()) === count),
    onFirst: (act: () => void) => void (onFirst = act),
  };
}

async function openClient(port: number) {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  let text = '';
  socket.on('data', (chunk) => (text += String(chunk)));
  socket.on('error', () => {});
  return {
    socket,
    ask: (path: string, headers = '') => socket.write(`GET ${path} HTTP/1.1\r\nHost: ava\r\n${headers}\r\n`),
    answered: () => until('it is answered', () => (/\r\n\r\n.*\}$/s.test(text) ? text : undefined)),
  };
}
