/**
 * Whether a webhook was signed by Twilio. HMAC-SHA1 over the URL as configured at Twilio and the parameters of a form,
 * or the URL alone with the hash of a JSON body in its query (https://www.twilio.com/docs/usage/security).
 * There is no time stamp in it: who must not act twice needs a key of its own.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

export type SignedRequest = {
  method: string;
  /** The public URL that Twilio called: scheme, host, path and query exactly as configured; no fragment. */
  url: string;
  /** Of the header X-Twilio-Signature; more than one makes the request invalid. */
  signatures: readonly string[];
  body: { kind: 'none' } | { kind: 'form'; params: Params } | { kind: 'json'; raw: Buffer };
};

export type Params = Record<string, string | string[]>;

/** True when one of `tokens` made the signature. Empty tokens never match. Every token is tried, whichever fits. */
export function isSignedByTwilio(request: SignedRequest, tokens: readonly string[]): boolean {
  const [given] = request.signatures;
  if (given === undefined || request.signatures.length !== 1) return false;
  if (request.body.kind === 'json' && !hasBodyHash(request.url, request.body.raw)) return false;
  const suffix = request.body.kind === 'form' ? paramText(request.body.params) : '';
  let matches = false;
  for (const token of tokens) {
    if (token === '') continue;
    for (const url of portVariants(request.url)) {
      if (isEqual(given, hmac(token, url + suffix))) matches = true;
    }
  }
  return matches;
}

/** The signature that Twilio sends for a form or a plain request; for tests and for rehearsals. */
export function twilioSignature(token: string, url: string, params: Params = {}): string {
  return hmac(token, url + paramText(params));
}

function hmac(token: string, data: string): string {
  return createHmac('sha1', token).update(data, 'utf8').digest('base64');
}

function paramText(params: Params): string {
  let text = '';
  for (const name of Object.keys(params).sort()) {
    const value = params[name]!;
    const values = Array.isArray(value) ? [...new Set(value)].sort() : [value];
    for (const one of values) text += name + one;
  }
  return text;
}

/** Twilio signs https voice requests without the port and others with it: both are tried, as its own library does. */
function portVariants(url: string): string[] {
  const match = /^(https?:\/\/)([^/?#]*)(.*)$/is.exec(url);
  if (!match) return [url];
  const [, scheme = '', authority = '', rest = ''] = match;
  const hostAndPort = authority.slice(authority.lastIndexOf('@') + 1);
  const portStart = hostAndPort.indexOf(':', hostAndPort.lastIndexOf(']') + 1);
  const host = portStart < 0 ? hostAndPort : hostAndPort.slice(0, portStart);
  const defaultPort = scheme.toLowerCase() === 'https://' ? ':443' : ':80';
  const withPort = portStart < 0 ? host + defaultPort : hostAndPort;
  return [scheme + host + rest, scheme + withPort + rest];
}

function hasBodyHash(url: string, raw: Buffer): boolean {
  const given = new URL(url).searchParams.getAll('bodySHA256');
  return given.length === 1 && isEqual(given[0]!.toLowerCase(), createHash('sha256').update(raw).digest('hex'));
}

function isEqual(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
