/** Rate limits per user (anonymous: per address) and route group, told truthfully in headers. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../clock.ts';
import { fail } from '../errors.ts';
import type { Metrics } from '../metrics.ts';
import type { RateLimiter } from '../resilience/rate-limit.ts';

export type RouteLimits = { limiter: RateLimiter; perMinute: number; clock: Clock; metrics: Metrics };

const WINDOW_MS = 60_000;

/** Counts the request against `who`, sets the limit headers, and throws `rate_limited` when there is none left. */
export async function limitRequest(
  request: FastifyRequest,
  reply: FastifyReply,
  limits: RouteLimits,
  who: string,
): Promise<void> {
  const group = groupOf(request);
  const perMinute = Math.min(limits.perMinute, request.routeOptions.config.limitPerMinute ?? limits.perMinute);
  const taken = await limits.limiter.take({ key: `${who}|${group}`, limit: perMinute, windowMs: WINDOW_MS });

  const resetSeconds = wholeSeconds(taken.resetMs);
  reply.header('X-RateLimit-Limit', perMinute);
  reply.header('X-RateLimit-Remaining', taken.remaining);
  reply.header('X-RateLimit-Reset', wholeSeconds(limits.clock.now().getTime() + taken.resetMs));
  reply.header('RateLimit-Policy', `"${group}";q=${perMinute};w=${WINDOW_MS / 1000}`);
  reply.header('RateLimit', `"${group}";r=${taken.remaining};t=${resetSeconds}`);
  if (taken.allowed) return;

  limits.metrics.rateLimitRejections.inc({ group, traffic: request.synthetic ? 'synthetic' : 'real' });
  const seconds = wholeSeconds(taken.retryAfterMs);
  throw fail('rate_limited', `${perMinute} requests a minute are allowed here. Try again in ${seconds} s.`, {
    retryAfterSeconds: seconds,
  });
}

// Rounded up; the half millisecond keeps a window of exactly a minute from being told as 61 s.
function wholeSeconds(ms: number): number {
  return Math.ceil((ms - 0.5) / 1000);
}

function groupOf(request: FastifyRequest): string {
  const declared = request.routeOptions.config.limitGroup;
  if (declared !== undefined) return declared;
  return request.routeOptions.url?.split('/')[3] ?? 'other';
}
