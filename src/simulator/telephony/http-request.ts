import { Agent, type IncomingMessage, request as httpRequest, type RequestOptions } from 'node:http';
import { Agent as TlsAgent, request as httpsRequest } from 'node:https';
import type { Clock } from '../../clock.ts';

export type HttpOrder = {
  url: string;
  method: string;
  headers: Record<string, string>;
  body?: string;
  /** Until the connection stands, and until the answer is all there. */
  connectTimeoutMs: number;
  readTimeoutMs: number;
};

export type HttpAnswer =
  | { ok: true; status: number; headers: IncomingMessage['headers']; body: string }
  /** `ct`: no connection; `rt`: no answer, or one that broke off. */
  | { ok: false; failure: 'ct' | 'rt'; message: string };

export type HttpSender = { send(order: HttpOrder): Promise<HttpAnswer>; close(): void };

const MAX_BODY_BYTES = 1024 * 1024;

/** Sends as the vendors do: no redirect is followed here, and every limit runs on the wire clock. */
export function createHttpSender(wire: Clock): HttpSender {
  const agents = {
    'http:': new Agent({ keepAlive: true, maxSockets: 256 }),
    'https:': new TlsAgent({ keepAlive: true, maxSockets: 256 }),
  };
  return {
    send: (order) => new Promise((resolve) => start(order, { wire, agents, resolve })),
    close: () => Object.values(agents).forEach((agent) => agent.destroy()),
  };
}

type Run = {
  wire: Clock;
  agents: { 'http:': Agent; 'https:': TlsAgent };
  resolve(answer: HttpAnswer): void;
};

function start(order: HttpOrder, { wire, agents, resolve }: Run): void {
  if (!URL.canParse(order.url)) return resolve({ ok: false, failure: 'ct', message: 'The address is not valid' });
  const url = new URL(order.url);
  const isTls = url.protocol === 'https:';
  const options: RequestOptions = {
    method: order.method,
    headers: order.headers,
    agent: isTls ? agents['https:'] : agents['http:'],
  };
  const sent = (isTls ? httpsRequest : httpRequest)(url, options);
  let isConnected = false;
  let cancelTimer = wire.setTimer(order.connectTimeoutMs, () => give('ct', 'No connection in time'));
  let isDone = false;

  const settle = (answer: HttpAnswer) => {
    if (isDone) return;
    isDone = true;
    cancelTimer();
    resolve(answer);
  };
  const give = (failure: 'ct' | 'rt', message: string) => {
    settle({ ok: false, failure, message });
    sent.destroy();
  };
  const connected = () => {
    if (isConnected || isDone) return;
    isConnected = true;
    cancelTimer();
    cancelTimer = wire.setTimer(order.readTimeoutMs, () => give('rt', 'No answer in time'));
  };

  sent.on('socket', (socket) => {
    if (socket.connecting) socket.once(isTls ? 'secureConnect' : 'connect', connected);
    else connected();
  });
  sent.on('error', (error) => give(isConnected ? 'rt' : 'ct', error.message));
  sent.on('response', (response) => collect(response, { settle, give }));
  sent.end(order.body);
}

type Ends = { settle(answer: HttpAnswer): void; give(failure: 'rt', message: string): void };

function collect(response: IncomingMessage, { settle, give }: Ends): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) give('rt', 'The answer is too long');
    else chunks.push(chunk);
  });
  response.on('aborted', () => give('rt', 'The answer broke off'));
  response.on('error', (error) => give('rt', error.message));
  response.on('end', () => {
    if (!response.complete) return give('rt', 'The answer broke off');
    const body = Buffer.concat(chunks).toString();
    settle({ ok: true, status: response.statusCode ?? 0, headers: response.headers, body });
  });
}
