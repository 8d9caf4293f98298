/** The fleet over one connection to Redis, with the waits that AVA runs by. */
import type { Redis } from 'ioredis';
import type { Clock } from '../../clock.ts';
import type { BreakerSettings } from '../breaker.ts';
import type { Emit } from '../facts.ts';
import { createChannel } from './channel.ts';
import { createFleet, type Fleet } from './fleet.ts';

export type FleetOverRedisOptions = {
  redis: Redis;
  clock: Clock;
  emit: Emit;
  /** The name of this replica among the others; a new one for each start. */
  replica: string;
  settings: BreakerSettings;
  waitMs?: number;
  beatEveryMs?: number;
  prefix?: string;
};

/** Only the one call that would probe waits this long for Redis; a busy machine must not look like a dead Redis. */
const WAIT_MS = 250;
const BEAT_EVERY_MS = 500;
/** As many beats may be missed before a replica counts as gone. */
const BEATS_OF_LIFE = 10;

export function createFleetOverRedis(options: FleetOverRedisOptions): Fleet {
  const { waitMs = WAIT_MS, beatEveryMs = BEAT_EVERY_MS, ...rest } = options;
  const { threshold, recoveryMs, successThreshold } = options.settings;
  const channel = createChannel({ ...rest, waitMs, lifeMs: beatEveryMs * BEATS_OF_LIFE });
  return createFleet({ ...rest, channel, beatEveryMs, settings: { threshold, recoveryMs, successThreshold } });
}
