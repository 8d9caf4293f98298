/** Rate limits per user (anonymous: per address) and route group, told truthfully in headers. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../clock.ts';
import { fail } from '../errors.ts';
import type { Metrics } from '../metrics.ts';
import type { RateLimiter, RateLimitResult } from '../resilience/rate-limit.ts';

export type RouteLimits = { limiter: RateLimiter; perMinute: number; clock: Clock; metrics: Metrics };

const WINDOW_MS = 60_000;

/**
 * Counts the request against `who`, sets the limit headers, and throws `rate_limited` when there is none left; at once where
 * the limiter answers at once, else in a promise.
 */
export function limitRequest(
  request: FastifyRequest,
  reply: FastifyReply,
  limits: RouteLimits,
  who: string,
): void | Promise<void> {
  const rule = ruleOf(request, limits);
  const taken = limits.limiter.take({ key: `${who}|${rule.group}`, limit: rule.perMinute, windowMs: WINDOW_MS });
  if (taken instanceof Promise) return taken.then((result) => tell(request, reply, limits, { rule, taken: result }));
  tell(request, reply, limits, { rule, taken });
}

function tell(
  request: FastifyRequest,
  reply: FastifyReply,
  { clock, metrics }: RouteLimits,
  { rule, taken }: { rule: Rule; taken: RateLimitResult },
): void {
  const { group, perMinute, policy } = rule;
  const resetSeconds = wholeSeconds(taken.resetMs);
  reply.header('x-ratelimit-limit', perMinute);
  reply.header('x-ratelimit-remaining', taken.remaining);
  reply.header('x-ratelimit-reset', wholeSeconds(clock.now().getTime() + taken.resetMs));
  reply.header('ratelimit-policy', policy);
  reply.header('ratelimit', `"${group}";r=${taken.remaining};t=${resetSeconds}`);
  if (taken.allowed) return;

  metrics.rateLimitRejections.inc({ group, traffic: request.synthetic ? 'synthetic' : 'real' });
  const seconds = wholeSeconds(taken.retryAfterMs);
  throw fail('rate_limited', `${perMinute} requests a minute are allowed here. Try again in ${seconds} s.`, {
    retryAfterSeconds: seconds,
  });
}

type Rule = { group: string; perMinute: number; policy: string };

/** What limits a route, made once for all its requests. */
const rules = new WeakMap<RouteLimits, WeakMap<object, Rule>>();

function ruleOf(request: FastifyRequest, limits: RouteLimits): Rule {
  const { config } = request.routeOptions;
  const known = rules.get(limits)?.get(config);
  if (known !== undefined) return known;
  const perMinute = Math.min(limits.perMinute, config.limitPerMinute ?? limits.perMinute);
  const group = groupOf(request);
  const rule = { group, perMinute, policy: `"${group}";q=${perMinute};w=${WINDOW_MS / 1000}` };
  rules.set(limits, (rules.get(limits) ?? new WeakMap<object, Rule>()).set(config, rule));
  return rule;
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
