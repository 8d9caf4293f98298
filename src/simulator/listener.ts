import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import formbody from '@fastify/formbody';
import { answerBroken, delayOf } from './damage.ts';
import type { ActiveFault } from './faults.ts';
import { type LedgerEntry, maskBody, maskHeaders } from './ledger.ts';
import { wait } from './time.ts';
import type { Vendor } from './vendors.ts';
import type { SeenRequest, World } from './world.ts';

/**
 * A vendor's own HTTP door: its own port, so that connection pools stay apart and a refusal is a real one.
 * Every request is written in the ledger, and may meet a fault before or after the vendor does its work.
 */
export type Listener = {
  url: string;
  /** Shuts the door: connections are refused until `open` is called. */
  refuse(): Promise<void>;
  open(): Promise<void>;
  close(): Promise<void>;
};

export type ListenerOptions = {
  world: World;
  vendor: Vendor;
  host: string;
  port: number;
  routes(app: FastifyInstance): void;
  /** The vendor's own body for a status that a fault asks for, for paths that do not exist, for bodies that do not parse. */
  errorBody(status: number): unknown;
};

type Meeting = { fault?: ActiveFault; entry: LedgerEntry };

const meetings = new WeakMap<FastifyRequest, Meeting>();

export async function createListener(options: ListenerOptions): Promise<Listener> {
  const app = Fastify({ forceCloseConnections: true, bodyLimit: 50 * 1024 * 1024, exposeHeadRoutes: false });
  await app.register(formbody);
  app.addHook('onRequest', (request, reply, done) => receive(options, request, reply, done));
  app.addHook('preValidation', (request, _reply, done) => noteBody(options, request, done));
  app.addHook('onSend', (request, reply, payload, done) => send(options, { request, reply, payload, done }));
  app.setNotFoundHandler((_request, reply) => reply.code(404).send(options.errorBody(404)));
  app.setErrorHandler((error: FastifyError & { body?: unknown }, _request, reply) => {
    const status = error.statusCode ?? 500;
    return reply.code(status).send(error.body ?? options.errorBody(status));
  });
  options.routes(app);
  await app.ready();
  return holdDoor(app, options);
}

async function holdDoor(app: FastifyInstance, { host, port }: ListenerOptions): Promise<Listener> {
  let server: Server | undefined;
  let boundPort = port;
  const open = async () => {
    if (server) return;
    const opened = createServer((request, response) => app.routing(request, response));
    opened.keepAliveTimeout = 60_000;
    server = opened;
    await listen(opened, boundPort, host);
    boundPort = (opened.address() as AddressInfo).port;
  };
  const refuse = async () => {
    const closing = server;
    server = undefined;
    if (!closing) return;
    await new Promise<void>((resolve) => {
      closing.close(() => resolve());
      closing.closeAllConnections();
    });
  };
  await open();
  return {
    url: `http://${host}:${boundPort}`,
    open,
    refuse,
    async close() {
      await refuse();
      await app.close();
    },
  };
}

function receive(options: ListenerOptions, request: FastifyRequest, reply: FastifyReply, done: () => void): void {
  const { world, vendor } = options;
  const path = request.url.split('?')[0] ?? '/';
  const credential = credentialOf(request);
  const fault = world.faults.meet({ vendor, method: request.method, path, credential });
  const entry = world.ledger.add({
    at: world.time.story.now().toISOString(),
    vendor,
    method: request.method,
    path,
    query: { ...(request.query as Record<string, unknown>) },
    headers: maskHeaders(request.headers),
    ...(fault && { fault: fault.kind }),
  });
  meetings.set(request, { entry, ...(fault && { fault }) });
  if (!fault || fault.when === 'after') done();
  else strike(options, { request, reply, fault, goOn: done });
}

type Strike = { request: FastifyRequest; reply: FastifyReply; fault: ActiveFault; goOn(): void };

function strike({ world, errorBody }: ListenerOptions, { request, reply, fault, goOn }: Strike): void {
  const delayMs = delayOf(fault, world.random);
  if (delayMs !== undefined) {
    void wait(world.time.wire, delayMs).then(goOn);
    return;
  }
  reply.hijack();
  if (fault.kind === 'status') answerStatus(reply, fault, errorBody);
  else answerBroken({ fault, response: reply.raw, wire: world.time.wire, random: world.random });
  const meeting = meetings.get(request);
  if (meeting && reply.raw.headersSent) meeting.entry.status = reply.raw.statusCode;
}

function answerStatus(reply: FastifyReply, fault: ActiveFault, errorBody: (status: number) => unknown): void {
  const status = fault.status ?? 500;
  const body = fault.body ?? JSON.stringify(errorBody(status));
  reply.raw.writeHead(status, {
    'content-type': body.startsWith('<') ? 'text/html' : 'application/json',
    'content-length': Buffer.byteLength(body),
    ...(fault.retryAfter !== undefined && { 'retry-after': fault.retryAfter }),
  });
  reply.raw.end(body);
}

function noteBody({ world, vendor }: ListenerOptions, request: FastifyRequest, done: () => void): void {
  const meeting = meetings.get(request);
  if (meeting && request.body !== undefined) meeting.entry.body = maskBody(request.body);
  world.hooks.onRequest?.(vendor, seen(request));
  done();
}

type Sending = {
  request: FastifyRequest;
  reply: FastifyReply;
  payload: unknown;
  done(error: Error | null, payload?: unknown): void;
};

function send(options: ListenerOptions, { request, reply, payload, done }: Sending): void {
  const { world, vendor } = options;
  const meeting = meetings.get(request);
  if (meeting?.fault?.when === 'after') {
    const { fault } = meeting;
    strike(options, { request, reply, fault, goOn: () => done(null, payload) });
    return;
  }
  if (meeting) meeting.entry.status = reply.statusCode;
  const body = typeof payload === 'string' ? payload : '';
  world.hooks.onAnswer?.(vendor, seen(request), { status: reply.statusCode, body });
  done(null, payload);
}

function seen(request: FastifyRequest): SeenRequest {
  return {
    method: request.method,
    path: request.url.split('?')[0] ?? '/',
    query: request.query as Record<string, unknown>,
    headers: request.headers,
    body: request.body,
  };
}

/** What tells one credential from another: the bearer key, or the account SID of Basic auth. */
function credentialOf(request: FastifyRequest): string {
  const header = request.headers.authorization ?? '';
  const [scheme, value = ''] = header.split(' ');
  return scheme?.toLowerCase() === 'basic' ? Buffer.from(value, 'base64').toString() : value;
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
