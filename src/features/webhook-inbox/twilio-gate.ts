/** Lets in only what Twilio has signed. */
import type { FastifyRequest } from 'fastify';
import { isSignedByTwilio, type Params, type SignedRequest } from '../../providers/twilio/signature.ts';
import { refuseSender } from './provider-scope.ts';
import type { TokenBook } from './token-book.ts';

const MOST_PARAMETERS = 500;

/** A preValidation hook. Throws `forbidden`. */
export function twilioGate(deps: { publicUrl: string; tokens: TokenBook }) {
  const base = deps.publicUrl.replace(/(?<!\/)\/+$/, '');
  return async (request: FastifyRequest): Promise<void> => {
    const url = base + request.raw.url!;
    const { params, body } = bodyOf(request);
    const all = { ...queryOf(url), ...params };
    const accountSid = single(all['AccountSid']);
    if (accountSid === undefined || Object.keys(all).length > MOST_PARAMETERS) throw refuseSender();
    const signatures = request.raw.headersDistinct['x-twilio-signature'] ?? [];
    const signed: SignedRequest = { method: request.method, url, signatures, body };
    if (!isSignedByTwilio(signed, await deps.tokens.tokensOf(accountSid))) throw refuseSender();
    request.twilio = Object.fromEntries(Object.entries(all).map(([name, value]) => [name, storable(single(value))]));
    request.isVerified = true;
  };
}

function bodyOf(request: FastifyRequest): { params: Params; body: SignedRequest['body'] } {
  const type = (request.headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase();
  if (type === 'application/json') {
    return { params: jsonParams(request.rawBody), body: { kind: 'json', raw: request.rawBody } };
  }
  if (request.method === 'GET' || request.method === 'HEAD') return { params: {}, body: { kind: 'none' } };
  const params = paramsOf(new URLSearchParams(request.rawBody.toString('utf8')));
  return { params, body: { kind: 'form', params } };
}

function queryOf(url: string): Params {
  const { searchParams } = new URL(url);
  searchParams.delete('bodySHA256');
  return paramsOf(searchParams);
}

function paramsOf(given: URLSearchParams): Params {
  const params: Params = Object.create(null) as Params;
  for (const [name, value] of given) {
    const known = params[name];
    params[name] = known === undefined ? value : [known, value].flat();
  }
  return params;
}

function jsonParams(raw: Buffer): Params {
  try {
    const body = JSON.parse(raw.toString('utf8')) as unknown;
    if (typeof body !== 'object' || body === null) return {};
    return Object.fromEntries(
      Object.entries(body).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    );
  } catch {
    return {};
  }
}

/** Only now that the signature was checked: no database keeps a NUL, and none is asked for one. */
function storable(value = ''): string {
  return value.replaceAll('\0', '');
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
