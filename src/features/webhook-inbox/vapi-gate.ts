/**
 * Lets in only what Vapi sends with a secret of a tenant: the header that AVA sets on every assistant, a bearer token,
 * or an HMAC over the raw body with a time stamp (https://docs.vapi.ai/server-url/server-authentication).
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { Clock } from '../../clock.ts';
import { fail } from '../../errors.ts';
import { DatabaseUnavailable } from '../../db/unavailable.ts';
import { headerValues } from '../../http/raw-headers.ts';
import { isUuid } from '../../uuid.ts';
import { refuseSender } from './provider-scope.ts';

export type VapiGateDeps = {
  clock: Clock;
  /** The tenant that a secret proves a webhook of. */
  findTenant(token: string): Promise<string | undefined>;
  /** Secrets that may have signed, of the tenant that the address names; none when it is not known. */
  secretsOf(tenantId: string): Promise<string[]>;
};

const MOST_SKEW_MS = 5 * 60_000;
const REMEMBERED_MS = 10_000;
const MOST_REMEMBERED = 10_000;

/** A preValidation hook. Throws `forbidden`, or `DatabaseUnavailable` when nobody can tell. */
export function vapiGate(deps: VapiGateDeps) {
  const tenants = rememberTenants(deps);
  return async (request: FastifyRequest): Promise<void> => {
    const tenantId = (await tenants.ofToken(request)) ?? (await tenantOfSignature(deps, request));
    if (tenantId === undefined) throw refuseSender();
    request.vapiTenant = tenantId;
    request.work.tenant = tenantId;
    request.isVerified = true;
  };
}

/** A tenant's secret comes with every message of its calls: the answer is remembered for a moment. */
function rememberTenants({ clock, findTenant }: VapiGateDeps) {
  const known = new Map<string, { tenantId: string; untilMs: number }>();
  async function find(token: string): Promise<string | undefined> {
    const remembered = known.get(token);
    if (remembered !== undefined && remembered.untilMs > clock.monotonicMs()) return remembered.tenantId;
    try {
      const tenantId = await findTenant(token);
      if (tenantId === undefined) known.delete(token);
      else known.set(token, { tenantId, untilMs: clock.monotonicMs() + REMEMBERED_MS });
      if (known.size > MOST_REMEMBERED) known.delete(known.keys().next().value!);
      return tenantId;
    } catch (error) {
      // While the database is away, whom we knew a moment ago we still know.
      if (error instanceof DatabaseUnavailable && remembered !== undefined) return remembered.tenantId;
      throw error;
    }
  }
  return {
    async ofToken(request: FastifyRequest): Promise<string | undefined> {
      const token = tokenOf(request);
      return token === undefined ? undefined : await find(token);
    },
  };
}

const TOKEN = /^[\x21-\x7e]{16,512}$/;

function tokenOf(request: FastifyRequest): string | undefined {
  const secret = onlyHeader(request, 'x-vapi-secret');
  if (secret !== undefined) return TOKEN.test(secret) ? secret : undefined;
  const bearer = /^Bearer (\S+)$/i.exec(onlyHeader(request, 'authorization') ?? '')?.[1];
  return bearer !== undefined && TOKEN.test(bearer) ? bearer : undefined;
}

/** A header that came twice is no header: nobody could say which of the two was meant. */
function onlyHeader(request: FastifyRequest, name: string): string | undefined {
  const given = headerValues(request.raw, name);
  return given.length === 1 ? given[0] : undefined;
}

async function tenantOfSignature(deps: VapiGateDeps, request: FastifyRequest): Promise<string | undefined> {
  const given = onlyHeader(request, 'x-signature')?.replace(/^sha256=/, '');
  const timestamp = onlyHeader(request, 'x-timestamp');
  const { tenant } = request.query as { tenant?: string };
  if (given === undefined || timestamp === undefined || !isUuid(tenant)) return undefined;
  if (!isFresh(timestamp, deps.clock.now())) return undefined;
  let matches = false;
  for (const secret of await deps.secretsOf(tenant)) {
    if (secret !== '' && isEqual(given, signature(secret, timestamp, request.rawBody))) matches = true;
  }
  return matches ? tenant : undefined;
}

/** The signature of Vapi's HMAC credential with its default settings. */
export function signature(secret: string, timestamp: string, body: Buffer): string {
  return createHmac('sha256', secret).update(`${timestamp}.`).update(body).digest('hex');
}

// Seconds or milliseconds: the vendor does not say.
function isFresh(timestamp: string, now: Date): boolean {
  if (!/^\d{10,13}$/.test(timestamp)) return false;
  const value = Number(timestamp);
  const sentMs = value > 1e11 ? value : value * 1000;
  return Math.abs(now.getTime() - sentMs) <= MOST_SKEW_MS;
}

function isEqual(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Throws for a body that is no message. */
export function refuseBody() {
  return fail('bad_request', 'The body is not a message of Vapi.');
}
