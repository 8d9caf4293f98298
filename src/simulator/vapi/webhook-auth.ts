import { createHmac, randomUUID } from 'node:crypto';
import { isObject } from './rules.ts';
import type { Org, ServerConfig } from './store.ts';

type Signing = { org: Org; server: ServerConfig | undefined; body: string; now: Date };

/** The headers of a webhook: the server's own, and those of its credential; an own `Authorization` wins. */
export function authHeaders({ org, server, body, now }: Signing): Record<string, string> {
  const own = server?.headers ?? {};
  const credential = server?.credentialId ? org.credentials.find(server.credentialId) : undefined;
  const plan = credential?.authenticationPlan;
  const made = isObject(plan) ? planHeaders(plan, { body, now, url: server?.url ?? '' }) : {};
  return { 'content-type': 'application/json', ...made, ...own };
}

type Signed = { body: string; now: Date; url: string };

function planHeaders(plan: Record<string, unknown>, signed: Signed): Record<string, string> {
  if (plan.type === 'bearer') {
    const hasPrefix = plan.bearerPrefixEnabled !== false;
    return { [text(plan.headerName, 'Authorization')]: `${hasPrefix ? 'Bearer ' : ''}${text(plan.token, '')}` };
  }
  return plan.type === 'hmac' ? hmacHeaders(plan, signed) : {};
}

/** Vapi does not say which unit its time stamp has; the twin uses seconds. */
function hmacHeaders(plan: Record<string, unknown>, { body, now, url }: Signed): Record<string, string> {
  const timestamp = String(Math.floor(now.getTime() / 1000));
  const messageId = randomUUID();
  const payload = text(plan.payloadFormat, '{timestamp}.{body}')
    .replaceAll('{timestamp}', timestamp)
    .replaceAll('{method}', 'POST')
    .replaceAll('{url}', url)
    .replaceAll('{svix-id}', messageId)
    .replaceAll('{body}', () => body);
  const secret = text(plan.secretKey, '');
  const key = plan.secretIsBase64 === true ? Buffer.from(secret, 'base64') : secret;
  const encoding = plan.signatureEncoding === 'base64' ? 'base64' : 'hex';
  const signature = createHmac(text(plan.algorithm, 'sha256'), key).update(payload).digest(encoding);
  return {
    [text(plan.signatureHeader, 'x-signature')]: text(plan.signaturePrefix, '') + signature,
    ...(plan.includeTimestamp !== false && { [text(plan.timestampHeader, 'x-timestamp')]: timestamp }),
    ...(typeof plan.messageIdHeader === 'string' && { [plan.messageIdHeader]: messageId }),
  };
}

function text(value: unknown, usual: string): string {
  return typeof value === 'string' ? value : usual;
}
