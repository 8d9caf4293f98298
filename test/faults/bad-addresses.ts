/** Addresses at which nothing good can be reached: what a simulator that answers cannot show. */
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { freePort } from '../harness/free-port.ts';

export type BadAddress = { name: string; url: string; status: number; close(): Promise<void> };

export async function openBadAddresses(): Promise<BadAddress[]> {
  const nothing = async () => {};
  return [
    { name: 'refused', url: `http://127.0.0.1:${await freePort()}`, status: 502, close: nothing },
    { name: 'a name that does not exist', url: 'https://nothing.invalid', status: 502, close: nothing },
    await listening('TLS that never shakes hands', 504, createServer()),
    await listening('TLS without a certificate', 502, createTlsServer({})),
    await listening(
      'no TLS where TLS was expected',
      502,
      createServer((socket) => socket.end('HTTP/1.1 400 Bad\r\n\r\n')),
    ),
  ];
}

function listening(name: string, status: number, server: Server): Promise<BadAddress> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('tlsClientError', () => {});
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      resolve({ name, status, url: `https://127.0.0.1:${port}`, close });
    });
  });
}
