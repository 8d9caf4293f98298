/** A cable to a server on which answers can be held back: each by a while, or all until it is let go. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export type SlowCable = {
  url: string;
  /** Holds every answer back by so many milliseconds; Infinity is until the next order. */
  delay(ms: number): void;
  close(): Promise<void>;
};

export async function laySlowCable(url: string): Promise<SlowCable> {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  const held = new Set<() => void>();
  let delayMs = 0;
  const later = (pass: () => void) => {
    if (delayMs === 0 && held.size === 0) return pass();
    // Answers stay in order: whoever comes later is let go no earlier.
    const go = () => {
      if (held.delete(go)) pass();
    };
    held.add(go);
    if (Number.isFinite(delayMs)) setTimeout(go, delayMs).unref();
  };
  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname);
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
    far.on('data', (chunk) => later(() => near.write(chunk)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const through = new URL(url);
  through.port = String((server.address() as AddressInfo).port);
  return {
    url: through.href,
    delay(ms) {
      delayMs = ms;
      for (const go of held) go();
    },
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
