import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { ApiError, type Authorizer, createTransport } from './client-transport.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const failureOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error as ApiError,
  );
const problem = (code: string) => JSON.stringify({ code, detail: 'No.', correlation_id: 'from-the-server' });

describe('the transport', () => {
  it('sends a correlation id with every request, and only the parameters that have a value', async () => {
    const seen: { url: string | undefined; id: unknown }[] = [];
    const baseUrl = await serve((request, response) => {
      seen.push({ url: request.url, id: request.headers['x-correlation-id'] });
      response.end('{"calls":[]}');
    });
    await createTransport({ baseUrl })({
      method: 'GET',
      path: '/calls',
      query: { q: 'a b', cursor: undefined, limit: 5 },
    });
    expect(seen[0]?.url).toBe('/api/v1/calls?q=a+b&limit=5');
    expect(seen[0]?.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('makes of a problem document an error that knows its code, its id and how long to wait', async () => {
    const baseUrl = await serve((_request, response) => {
      response.writeHead(429, { 'retry-after': '7' }).end(problem('rate_limited'));
    });
    const error = await failureOf(createTransport({ baseUrl })({ method: 'GET', path: '/x' }));
    expect(error).toMatchObject({ code: 'rate_limited', retryAfterMs: 7000, correlationId: 'from-the-server' });
  });

  it.each(['{"sett', '[]', '{"other":1}'])(
    'takes the answer %s for unreadable where settings were promised',
    async (body) => {
      const baseUrl = await serve((_request, response) => response.end(body));
      const error = await failureOf(createTransport({ baseUrl })({ method: 'GET', path: '/x', expects: ['settings'] }));
      expect(error?.code).toBe('unreadable');
    },
  );

  it('renews a refused token once, sends the request again, and only then', async () => {
    const tokens: unknown[] = [];
    const baseUrl = await serve((request, response) => {
      tokens.push(request.headers.authorization);
      if (request.headers.authorization === 'Bearer fresh') return void response.end('{}');
      response.writeHead(401).end(problem('unauthenticated'));
    });
    let token = 'old';
    const authorizer: Authorizer = {
      token: async () => token,
      refused: async () => {
        token = 'fresh';
        return true;
      },
    };
    await createTransport({ baseUrl, authorizer })({ method: 'PUT', path: '/x', body: {} });
    expect(tokens).toEqual(['Bearer old', 'Bearer fresh']);
  });

  it('leaves the session alone when it is a vendor that refused a key', async () => {
    const baseUrl = await serve((_request, response) => {
      response.writeHead(401).end(problem('vapi_credentials_rejected'));
    });
    let asked = 0;
    const authorizer: Authorizer = {
      token: async () => 'good',
      refused: async () => {
        asked += 1;
        return true;
      },
    };
    const error = await failureOf(createTransport({ baseUrl, authorizer })({ method: 'GET', path: '/x' }));
    expect([error?.code, asked]).toEqual(['vapi_credentials_rejected', 0]);
  });

  it('tells that nobody answers', async () => {
    const baseUrl = await serve((request) => request.socket.destroy());
    expect((await failureOf(createTransport({ baseUrl })({ method: 'GET', path: '/x' })))?.code).toBe('offline');
  });
});
