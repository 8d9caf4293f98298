/**
 * The dashboard's files, read once: no path of a request ever reaches the file system. Files under /assets/ have their
 * content's hash in their name and never change; every other path of a browser gets index.html.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { App } from './app-type.ts';
import { DASHBOARD_POLICY } from './security-headers.ts';

type Encoding = 'br' | 'gzip';
type StaticFile = { content: Buffer; type: string; etag: string; encoded: Partial<Record<Encoding, Buffer>> };

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};
const SUFFIXES: Record<Encoding, string> = { br: '.br', gzip: '.gz' };
const NOT_BUILT = 'The dashboard has not been built. Run: npm run build\n';

/** Paths that belong to programs: a wrong one gets a problem document, never a page. */
const NOT_PAGES = /^\/(api|webhooks|assets|healthz|readyz|metrics)(\/|$)/;

/** Serves the build in `folder` at every path that no other door has. Without a build it says so. */
export function serveDashboard(app: App, { folder }: { folder: string }): void {
  let read: Map<string, StaticFile> | undefined;
  const files = () => (read ??= readFolder(folder));
  // Nobody who has waited for this server waits for its pages too, and an update that follows soon changes none of them.
  app.addHook('onListen', (done) => {
    setTimeout(files, READ_AFTER_MS).unref();
    done();
  });
  const schema = { hide: true };
  app.get('/', { schema }, (request, reply) => answer(request, reply, files()));
  app.get('/*', { schema }, (request, reply) => answer(request, reply, files()));
}

const READ_AFTER_MS = 250;

function answer(request: FastifyRequest, reply: FastifyReply, files: Map<string, StaticFile>): FastifyReply | void {
  const wanted = request.url.split('?', 1)[0] ?? '/';
  const file = wanted === '/' ? undefined : files.get(wanted);
  if (file !== undefined) return send(request, reply, file, cachingOf(wanted));
  if (NOT_PAGES.test(wanted) || (wanted !== '/' && !acceptsHtml(request))) return reply.callNotFound();
  const index = files.get('/index.html');
  if (index === undefined) return reply.code(503).type('text/plain; charset=utf-8').send(NOT_BUILT);
  return send(request, reply, index, 'no-cache');
}

function send(request: FastifyRequest, reply: FastifyReply, file: StaticFile, caching: string): FastifyReply {
  reply.header('Cache-Control', caching).header('ETag', file.etag).header('Vary', 'Accept-Encoding');
  reply.header('Content-Security-Policy', DASHBOARD_POLICY);
  if (request.headers['if-none-match'] === file.etag) return reply.code(304).send();
  reply.type(file.type);
  const encoding = bestEncoding(request, file);
  if (encoding === undefined) return reply.send(file.content);
  return reply.header('Content-Encoding', encoding).send(file.encoded[encoding]);
}

function cachingOf(wanted: string): string {
  return wanted.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache';
}

function bestEncoding(request: FastifyRequest, file: StaticFile): Encoding | undefined {
  const accepted = [request.headers['accept-encoding']]
    .flat()
    .join(',')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => !/;\s*q=0(\.0*)?$/.test(part))
    .map((part) => part.split(';', 1)[0]);
  return (['br', 'gzip'] as const).find((name) => accepted.includes(name) && file.encoded[name] !== undefined);
}

// Browsers name HTML when they open a page; programs do not, and get a problem document for what is not there.
function acceptsHtml(request: FastifyRequest): boolean {
  return request.headers.accept?.includes('text/html') === true;
}

function readFolder(folder: string): Map<string, StaticFile> {
  const files = new Map<string, StaticFile>();
  if (!existsSync(folder)) return files;
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const type = TYPES[path.extname(name)];
    if (type !== undefined) files.set(`/${name.split(path.sep).join('/')}`, readOne(path.join(folder, name), type));
  }
  return files;
}

function readOne(file: string, type: string): StaticFile {
  const content = readFileSync(file);
  const encoded: StaticFile['encoded'] = {};
  for (const [encoding, suffix] of Object.entries(SUFFIXES) as [Encoding, string][]) {
    if (existsSync(file + suffix)) encoded[encoding] = readFileSync(file + suffix);
  }
  return { content, type, etag: `"${createHash('sha256').update(content).digest('base64url').slice(0, 27)}"`, encoded };
}
