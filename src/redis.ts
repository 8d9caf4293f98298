/** The connection to Redis or Valkey: every wait is bounded, and a server that is away holds nobody up. */
import { Redis } from 'ioredis';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';

/** Longer than any caller of ours waits by itself; it only cleans up. */
const WAIT_MS = 1_000;

export function connectRedis(url: string, { log, metrics }: { log: Log; metrics: Metrics }): Redis {
  const redis = new Redis(url, {
    connectTimeout: 1_000,
    commandTimeout: WAIT_MS,
    maxRetriesPerRequest: 0,
    // Commands fail at once while the connection is down; whoever asks goes on without.
    enableOfflineQueue: false,
    retryStrategy: (attempt) => Math.min(attempt * 100, 1_000),
  });
  metrics.redisUp.set(0);
  let up = false;
  redis.on('ready', () => {
    metrics.redisUp.set(1);
    up = true;
    log.info('Redis answers');
  });
  redis.on('close', () => {
    metrics.redisUp.set(0);
    if (up) log.error('Redis is away: limits, circuits and caches are kept on this replica alone');
    up = false;
  });
  // Without a listener an error of the socket would end the process; `close` has said what matters.
  redis.on('error', () => {});
  return redis;
}

/** Resolves when Redis answers, or after a second: a replica starts without it too. */
export function untilConnected(redis: Redis): Promise<void> {
  if (redis.status === 'ready') return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, FIRST_WAIT_MS);
    redis.once('ready', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

const FIRST_WAIT_MS = 1_000;
