import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Tells the parent where this server listens, with whatever else it needs to know. */
export function sayAddress(server: Pick<Server, 'address'>, more: object = {}): void {
  const { port } = server.address() as AddressInfo;
  process.send?.({ url: `http://127.0.0.1:${port}`, ...more });
}
