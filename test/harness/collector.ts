/** An OTLP/HTTP collector in this process: takes spans as JSON and keeps them. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export type CollectedSpan = {
  traceId: string;
  spanId: string;
  parentSpanId: string | undefined;
  name: string;
  /** OTLP: 1 internal, 2 server, 3 client, 5 consumer. */
  kind: number;
  isError: boolean;
  attributes: Record<string, unknown>;
};

export type Collector = {
  url: string;
  spans: CollectedSpan[];
  /** What came, unread: to look for words that must not be in it. */
  bodies: string[];
  headers: IncomingHttpHeaders[];
  resource: Record<string, unknown>;
  /** From now on: takes batches, answers 500, or answers never. */
  behave(how: 'well' | 'broken' | 'silent'): void;
  close(): Promise<void>;
};

export async function startCollector(): Promise<Collector> {
  let how: Parameters<Collector['behave']>[0] = 'well';
  const kept: Pick<Collector, 'spans' | 'bodies' | 'headers' | 'resource'> = {
    ...{ spans: [], bodies: [], headers: [], resource: {} },
  };
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      if (how === 'silent') return;
      if (how === 'broken' || request.url !== '/v1/traces') return void response.writeHead(500).end();
      const body = Buffer.concat(parts).toString();
      kept.bodies.push(body);
      kept.headers.push(request.headers);
      for (const { resource, scopeSpans } of JSON.parse(body).resourceSpans) {
        Object.assign(kept.resource, attributesOf(resource.attributes));
        for (const { spans } of scopeSpans) kept.spans.push(...spans.map(toSpan));
      }
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    ...kept,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    behave: (wanted) => void (how = wanted),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function toSpan(given: any): CollectedSpan {
  const { traceId, spanId, parentSpanId, name, kind, status } = given;
  return {
    ...{ traceId, spanId, name, kind },
    parentSpanId: parentSpanId || undefined,
    isError: status?.code === 2,
    attributes: attributesOf(given.attributes ?? []),
  };
}

function attributesOf(list: { key: string; value: Record<string, unknown> }[]): Record<string, unknown> {
  return Object.fromEntries(list.map(({ key, value }) => [key, Object.values(value)[0]]));
}
