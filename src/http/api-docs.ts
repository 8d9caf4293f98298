/** The page that shows the API document, and the list of error codes that problem documents point at. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import Fastify from 'fastify';
import { ROOT } from '../root.ts';
import type { App } from './app-type.ts';

const PAGE = '/api/v1/docs';
const ERRORS_FILE = path.join(ROOT, 'docs/errors.md');

export function serveApiDocs(app: App): void {
  let made: Promise<Reference> | undefined;
  // The viewer is 5 MB: it is loaded when the first person asks for it, not at start.
  const reference = () => (made ??= makeReference());

  app.get(PAGE, { schema: { hide: true } }, async (_request, reply) => {
    const { html, policy } = await reference();
    return reply.header('Content-Security-Policy', policy).type('text/html; charset=utf-8').send(html);
  });
  app.get(`${PAGE}/scalar.js`, { schema: { hide: true } }, async (_request, reply) => {
    const { script } = await reference();
    return reply.type('text/javascript; charset=utf-8').header('Cache-Control', 'public, max-age=3600').send(script);
  });
  app.get(`${PAGE}/errors`, { schema: { hide: true } }, async (_request, reply) =>
    reply.type('text/markdown; charset=utf-8').send(await readFile(ERRORS_FILE, 'utf8')),
  );
}

type Reference = { html: string; script: Buffer; policy: string };

async function makeReference(): Promise<Reference> {
  const { default: scalar } = await import('@scalar/fastify-api-reference');
  const viewer = Fastify();
  await viewer.register(scalar, {
    routePrefix: PAGE,
    configuration: {
      url: '/api/v1/openapi.json',
      // Nothing on this page may ask another host.
      withDefaultFonts: false,
      showDeveloperTools: 'never',
      hideClientButton: true,
      agent: { disabled: true },
      telemetry: false,
    },
  });
  const page = await viewer.inject(`${PAGE}/`);
  const script = await viewer.inject(`${PAGE}/js/scalar.js`);
  await viewer.close();
  return {
    html: page.body.replace('src="js/scalar.js"', `src="${PAGE}/scalar.js"`),
    script: script.rawPayload,
    policy: policyFor(page.body),
  };
}

// The start of the viewer stands in the page: only that very text may run. Its styles are made in the browser.
function policyFor(html: string): string {
  const [, ...starts] = html.split('<script type="text/javascript">');
  const inline = starts.map((start) => start.split('</script>')[0]!);
  const hashes = inline.map((text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`);
  return [
    "default-src 'none'",
    `script-src 'self' ${hashes.join(' ')}`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join(';');
}
