/** Stands between a browser and AVA, and can drop the event streams that run through it. */
import { type IncomingMessage, createServer, request, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export type Relay = {
  url: string;
  /** Streams that run now. */
  streams(): number;
  /** `Last-Event-ID` of every stream that asked to go on where it broke off. */
  resumedFrom: string[];
  /** Drops every stream that runs, in the middle. */
  cutStreams(): void;
  close(): Promise<void>;
};

const EVENTS = '/api/v1/events';

export async function startRelay(target: string): Promise<Relay> {
  const running = new Set<Socket>();
  const resumedFrom: string[] = [];
  const server = createServer((asked, answer) => {
    const isStream = asked.url?.startsWith(EVENTS) === true;
    const lastId = asked.headers['last-event-id'];
    if (isStream && typeof lastId === 'string') resumedFrom.push(lastId);
    pass(target, asked, answer, (socket) => {
      if (!isStream) return;
      running.add(socket);
      socket.once('close', () => running.delete(socket));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    streams: () => running.size,
    resumedFrom,
    cutStreams() {
      for (const socket of running) socket.destroy();
    },
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function pass(target: string, asked: IncomingMessage, answer: ServerResponse, begins: (socket: Socket) => void): void {
  const onward = request(new URL(asked.url ?? '/', target), { method: asked.method, headers: asked.headers });
  onward.on('response', (reply) => {
    answer.writeHead(reply.statusCode ?? 502, reply.headers);
    answer.flushHeaders();
    if (answer.socket !== null) begins(answer.socket);
    reply.pipe(answer);
  });
  onward.on('error', () => answer.destroy());
  answer.on('close', () => onward.destroy());
  asked.pipe(onward);
}
