/** A cable to a server that can be pulled out: every connection dies, and new ones are cut at once, until it is back. */
import { connect, createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

export type Cable = {
  url: string;
  pull(): void;
  plug(): void;
  /** How many pieces of answers have come from the server. */
  answers(): number;
  /** Calls `act` in place of handing on the piece that comes after `count` others. */
  afterAnswers(count: number, act: () => void): void;
  close(): Promise<void>;
};

export async function layCable(url: string): Promise<Cable> {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  let isPulled = false;
  let answers = 0;
  let planned = { at: Infinity, act: () => {} };
  const server = createServer((near) => {
    if (isPulled) return void near.destroy();
    const far = connect(Number(target.port || 5432), target.hostname);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far);
    far.on('data', (piece) => {
      if (answers++ === planned.at) planned.act();
      else near.write(piece);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const through = new URL(url);
  through.hostname = '127.0.0.1';
  through.port = String((server.address() as AddressInfo).port);
  const cut = () => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    url: through.href,
    pull() {
      isPulled = true;
      cut();
    },
    plug() {
      isPulled = false;
    },
    answers: () => answers,
    afterAnswers: (count, act) => void (planned = { at: answers + count, act }),
    close() {
      cut();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
