/** Addresses at which nothing good can be reached: what a simulator that answers cannot show. */
import type { LookupFunction } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, getCACertificates, setDefaultCACertificates } from 'node:tls';
import { createAuthority } from '../harness/certificates.ts';
import { freePort } from '../harness/free-port.ts';

export type BadAddress = {
  name: string;
  /** Of every vendor; undefined: where each of them is, under the name `localhost`. */
  url: string | undefined;
  /** What people are answered. */
  status: number[];
  /** Why a request fails, in the words of AVA. */
  detail: RegExp;
  /** Names are looked up by this instead of the system. */
  lookup?: LookupFunction;
  close(): Promise<void>;
};

const DAY_MS = 86_400_000;
const LOOKUP_MS = 5_000;

export async function openBadAddresses(): Promise<BadAddress[]> {
  const nothing = async () => {};
  const authority = createAuthority('Authority of this test');
  // Trusted, so that what is wrong with a certificate is the date or the name alone.
  setDefaultCACertificates([...getCACertificates('default'), authority.ca]);
  const addresses = ['127.0.0.1'];
  const from = new Date(Date.now() - 30 * DAY_MS);
  const expired = authority.issue({ addresses, from, until: new Date(Date.now() - DAY_MS) });
  const ofAnother = authority.issue({ hosts: ['vendor.example'] });
  return [
    { name: 'refused', url: `http://127.0.0.1:${await freePort()}`, status: [502], detail: /refused/, close: nothing },
    {
      name: 'a name that does not exist',
      url: 'https://vendor.example',
      status: [502],
      detail: /does not resolve/,
      lookup: (_host, _options, done) =>
        done(Object.assign(new Error('queryA ENOTFOUND'), { code: 'ENOTFOUND' }), '', 4),
      close: nothing,
    },
    {
      name: 'a name that takes 5 s to be found',
      url: undefined,
      // The time for opening a connection is 5 s as well: either may be the first.
      status: [200, 201, 502, 504],
      detail: /in time/,
      lookup: findLate,
      close: nothing,
    },
    await listening('TLS that never shakes hands', [504], /time/, createServer()),
    await listening('an expired certificate', [502], /expired/, createTlsServer(expired)),
    await listening("another host's certificate", [502], /another host/, createTlsServer(ofAnother)),
  ];
}

const findLate: LookupFunction = (_host, { all }, done) => {
  setTimeout(() => (all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4)), LOOKUP_MS);
};

function listening(name: string, status: number[], detail: RegExp, server: Server): Promise<BadAddress> {
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
      resolve({ name, status, detail, url: `https://127.0.0.1:${port}`, close });
    });
  });
}
