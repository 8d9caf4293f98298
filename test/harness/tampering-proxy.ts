/** Stands before a server and changes its answers: for tests that ask whether somebody would notice. */
import { Agent, createServer, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Passing = {
  method: string;
  path: string;
  /** As they were asked, lower case. */
  asked: Record<string, string>;
  status: number;
  /** Several values of one name are sent as several fields. */
  headers: Record<string, string | string[] | undefined>;
  body: string;
};

export type Tamper = (answer: Passing) => void;

export type TamperingProxy = {
  url: string;
  tamper(change: Tamper | undefined): void;
  /** Stands before these servers, one request each in turn. */
  aim(...targets: string[]): void;
  close(): Promise<void>;
};

export async function startTamperingProxy(target: string): Promise<TamperingProxy> {
  // No connection is used again, and none is ended for being idle: on a busy machine the two would meet.
  const once = new Agent({ keepAlive: false });
  let change: Tamper | undefined;
  let targets = [target];
  let turn = 0;
  const server = createServer((incoming, outgoing) => {
    // Uncompressed, so that what is changed is text.
    const options = {
      agent: once,
      method: incoming.method,
      headers: { ...incoming.headers, 'accept-encoding': 'identity' },
    };
    const onward = send(new URL(incoming.url ?? '/', targets[turn++ % targets.length]), options, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => {
        const passing: Passing = {
          method: incoming.method ?? '',
          path: (incoming.url ?? '').split('?')[0] ?? '',
          asked: incoming.headers as Record<string, string>,
          status: answer.statusCode ?? 0,
          headers: { ...(answer.headers as Record<string, string>) },
          body: Buffer.concat(chunks).toString(),
        };
        change?.(passing);
        delete passing.headers['content-length'];
        delete passing.headers['transfer-encoding'];
        const headers = Object.entries(passing.headers).filter(
          (entry): entry is [string, string | string[]] => !!entry[1],
        );
        outgoing.writeHead(passing.status, Object.fromEntries(headers));
        outgoing.end(passing.body);
      });
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    tamper: (wanted) => (change = wanted),
    aim: (...wanted) => (targets = wanted),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
