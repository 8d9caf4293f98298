/** The baseline: the least that a proxy on undici does. */
import { createServer } from 'node:http';
import { Agent, request } from 'undici';
import { sayAddress } from './say-address.ts';

const upstream = process.env['UPSTREAM'] ?? '';
const dispatcher = new Agent({ connections: 256, pipelining: 1 });

const server = createServer((incoming, response) => {
  incoming.resume();
  request(`${upstream}/assistant/x`, { dispatcher, headers: { authorization: incoming.headers.authorization ?? '' } })
    .then(async (answer) => {
      const body = Buffer.from(await answer.body.arrayBuffer());
      response.writeHead(answer.statusCode, { 'content-type': 'application/json', 'content-length': body.length });
      response.end(body);
    })
    .catch(() => response.writeHead(502).end());
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => sayAddress(server));
