/**
 * Security headers, the same on every response and made once. The API serves JSON that no page may frame or run;
 * the dashboard's pages and the API viewer set a policy of their own on top.
 * https://cheatsheetseries.owasp.org/cheatsheets/REST_Security_Cheat_Sheet.html#security-headers
 */
import type { App } from './app-type.ts';

/** In small letters, as they leave: Fastify would make them so each time. */
const HEADERS = {
  'content-security-policy': "default-src 'none';frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

const ONE_YEAR_SECONDS = 31_536_000;

/** What the dashboard's own pages may do: everything from here, nothing from elsewhere, no inline script or style. */
export const DASHBOARD_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "media-src 'self' blob:",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join(';');

export function sendSecurityHeaders(app: App, { production }: { production: boolean }): void {
  const transport = production ? { 'strict-transport-security': `max-age=${ONE_YEAR_SECONDS}; includeSubDomains` } : {};
  const headers = { ...HEADERS, ...transport };
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers(headers);
    done();
  });
}
