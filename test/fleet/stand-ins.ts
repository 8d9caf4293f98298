/** Programs of a platform, such as kubectl, in a folder for the PATH: each hands its arguments to the test, which plays the platform. */
import { chmodSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';

export type Said = { code: number; output: string };

/** What the platform does when it is asked; `name` is the program. */
export type Platform = (name: string, args: string[]) => Promise<Said>;

export async function startStandIns(folder: string, names: string[], platform: Platform) {
  const server = createServer((request, reply) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => {
      const { name, args } = JSON.parse(body) as { name: string; args: string[] };
      platform(name, args)
        .catch((error: unknown) => ({ code: 1, output: String(error) }))
        .then((said) => reply.end(JSON.stringify(said)))
        .catch(() => reply.destroy());
    });
  });
  // A rollout takes as long as it takes.
  server.requestTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  for (const name of names) {
    writeFileSync(path.join(folder, name), programOf(name, port));
    chmodSync(path.join(folder, name), 0o755);
  }
  return {
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function programOf(name: string, port: number): string {
  const body = `JSON.stringify({ name: ${JSON.stringify(name)}, args: process.argv.slice(2) })`;
  return `#!${process.execPath}
const { request } = require('node:http');
const asked = request({ port: ${port}, host: '127.0.0.1', method: 'POST' }, (answer) => {
  let text = '';
  answer.on('data', (chunk) => (text += chunk));
  answer.on('end', () => {
    const { code, output } = JSON.parse(text);
    process.stdout.write(output);
    process.exitCode = code;
  });
});
asked.on('error', (error) => { process.stderr.write(String(error)); process.exitCode = 1; });
asked.end(${body});
`;
}
