/**
 * The same exact window for all replicas: one script, run by Redis in one piece on Redis's own clock. Redis is given a short time to
 * answer; when it does not, this replica counts by itself with its share of the limit, says so once, tries Redis again now and
 * then, and hands over what it counted meanwhile when Redis is back.
 */
import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Clock } from '../clock.ts';
import type { Emit } from './facts.ts';
import { createMemoryRateLimiter, EXACT_UP_TO } from './rate-limit.ts';
import type { CountedKey, RateLimiter, RateLimitRequest, RateLimitResult } from './rate-limit.ts';

export type RedisRateLimiterOptions = {
  redis: Pick<Redis, 'evalsha' | 'eval'>;
  clock: Clock;
  emit: Emit;
  /** How many replicas share a limit while Redis is away. */
  replicas: number;
  /** How long Redis may take to answer, in milliseconds. A busy machine must not look like a dead Redis: an exact limit is worth a short wait. */
  waitMs?: number;
  /** How long Redis is left alone after it failed. */
  retryEveryMs?: number;
  prefix?: string;
};

/**
 * KEYS: the list of times in microseconds, oldest first, one element per step as `time:count`; the total of the counts.
 * ARGV: limit, window and step in microseconds, then how long ago each handed-over request was; a limit of 0 only hands over.
 * A server clock that was set back must not bring old requests to life: a time in the future by more than a window empties the key.
 */
const SCRIPT = `
local limit, window, step = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local function timeOf(entry) return tonumber(string.match(entry, '^%d+')) end
local function countOf(entry) return tonumber(string.match(entry, ':(%d+)$') or 1) end

local latest = redis.call('LINDEX', KEYS[1], -1)
if latest and timeOf(latest) - now > window then
  redis.call('DEL', KEYS[1], KEYS[2])
  latest = false
elseif latest and timeOf(latest) > now then
  now = timeOf(latest)
end

if #ARGV > 3 then
  local all = redis.call('LRANGE', KEYS[1], 0, -1)
  for i = 4, #ARGV do all[#all + 1] = string.format('%.0f', now - ARGV[i]) end
  table.sort(all, function(a, b) return timeOf(a) < timeOf(b) end)
  redis.call('DEL', KEYS[1])
  for _, entry in ipairs(all) do redis.call('RPUSH', KEYS[1], entry) end
  redis.call('INCRBY', KEYS[2], #ARGV - 3)
  latest = all[#all]
end

local oldest = redis.call('LINDEX', KEYS[1], 0)
while oldest and timeOf(oldest) <= now - window do
  redis.call('LPOP', KEYS[1])
  redis.call('DECRBY', KEYS[2], countOf(oldest))
  oldest = redis.call('LINDEX', KEYS[1], 0)
end
local used = oldest and tonumber(redis.call('GET', KEYS[2]) or 0) or 0
if not oldest then redis.call('SET', KEYS[2], 0) end
local lifeMs = math.ceil(window / 1000) + 1000
redis.call('PEXPIRE', KEYS[1], lifeMs)
redis.call('PEXPIRE', KEYS[2], lifeMs)

if limit == 0 then return {0, used, 0} end
if used >= limit then
  local frees = oldest
  if step == 0 and used > limit then frees = redis.call('LINDEX', KEYS[1], -limit) end
  return {0, used, timeOf(frees) + window - now}
end

if oldest and step > 0 and math.floor(timeOf(latest) / step) == math.floor(now / step) then
  redis.call('LSET', KEYS[1], -1, string.format('%.0f:%d', now, countOf(latest) + 1))
else
  redis.call('RPUSH', KEYS[1], string.format('%.0f', now))
end
redis.call('INCR', KEYS[2])
if not oldest then redis.call('PEXPIRE', KEYS[1], lifeMs) end
return {1, used + 1, (oldest and timeOf(oldest) or now) + window - now}
`;
const SCRIPT_SHA = createHash('sha1').update(SCRIPT).digest('hex');

const HANDED_OVER_AT_ONCE = 100;

type Mode = { tag: 'shared' } | { tag: 'local'; sinceMs: number; retryAtMs: number };

export function createRedisRateLimiter(options: RedisRateLimiterOptions) {
  const { redis, clock, emit, replicas, waitMs = 500, retryEveryMs = 500, prefix = 'ava:limit' } = options;
  const local = createMemoryRateLimiter({ clock });
  let mode: Mode = { tag: 'shared' };

  async function take(request: RateLimitRequest): Promise<RateLimitResult> {
    const nowMs = clock.monotonicMs();
    if (mode.tag === 'local') {
      if (nowMs < mode.retryAtMs) return takeLocally(request);
      // Only this request tries; the others go on locally meanwhile.
      mode = { ...mode, retryAtMs: nowMs + retryEveryMs };
    }
    try {
      const result = await answerInTime(takeShared(request));
      if (mode.tag === 'local') goShared();
      return result;
    } catch (error) {
      goLocal(error);
      return takeLocally(request);
    }
  }

  async function takeShared({ key, limit, windowMs }: RateLimitRequest): Promise<RateLimitResult> {
    const stepUs = limit <= EXACT_UP_TO ? 0 : Math.ceil((windowMs * 1_000) / EXACT_UP_TO);
    const answer = await runScript(key, [limit, windowMs * 1_000, stepUs]);
    const [allowed, used, freesUs] = answer as [number, number, number];
    const resetMs = freesUs / 1_000;
    if (allowed === 0) return { allowed: false, limit, remaining: 0, resetMs, retryAfterMs: resetMs };
    return { allowed: true, limit, remaining: Math.max(0, limit - used), resetMs, retryAfterMs: 0 };
  }

  /** Tells Redis what was counted here, a batch at a time; what does not arrive is counted here again. */
  async function handOver(): Promise<void> {
    const counted = local.handOver();
    for (let first = 0; first < counted.length; first += HANDED_OVER_AT_ONCE) {
      await Promise.all(counted.slice(first, first + HANDED_OVER_AT_ONCE).map(handOverKey));
    }
  }

  async function handOverKey(counted: CountedKey): Promise<void> {
    const nowMs = clock.monotonicMs();
    const agesUs = counted.times.map((atMs) => Math.round((nowMs - atMs) * 1_000));
    await runScript(counted.key, [0, counted.windowMs * 1_000, 0, ...agesUs]).catch(() => local.takeBack(counted));
  }

  async function runScript(key: string, args: number[]): Promise<unknown> {
    const list = `${prefix}:{${key}}`;
    const keys = [list, `${list}:n`] as const;
    try {
      return await redis.evalsha(SCRIPT_SHA, 2, ...keys, ...args);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
      return redis.eval(SCRIPT, 2, ...keys, ...args);
    }
  }

  /**
   * The answer, or a rejection when it takes longer than `waitMs`; an answer that comes later is dropped. When the time is over the
   * sockets are read once more, since a stall of this process is not Redis's fault.
   */
  function answerInTime<T>(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const giveUp = () => reject(new Error(`no answer within ${waitMs} ms`));
      const stopTimer = clock.setTimer(waitMs, () => setImmediate(giveUp));
      answer.then(resolve, reject).finally(stopTimer);
    });
  }

  function takeLocally(request: RateLimitRequest): RateLimitResult {
    const share = Math.max(1, Math.floor(request.limit / Math.max(1, replicas)));
    return local.takeNow({ ...request, limit: share });
  }

  function goLocal(error: unknown): void {
    const nowMs = clock.monotonicMs();
    if (mode.tag === 'local') return;
    mode = { tag: 'local', sinceMs: nowMs, retryAtMs: nowMs + retryEveryMs };
    emit({ type: 'limiter_degraded', reason: error instanceof Error ? error.message : 'unknown', replicas });
  }

  function goShared(): void {
    if (mode.tag === 'shared') return;
    emit({ type: 'limiter_recovered', degradedMs: clock.monotonicMs() - mode.sinceMs });
    mode = { tag: 'shared' };
    void handOver();
  }

  return { take, forgetExpired: () => local.forgetExpired() } satisfies RateLimiter;
}
