/** The guard that every outbound call goes through, alone or in step with other replicas through Redis. */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import { SIMULATOR_UPSTREAM } from '../features/system/rehearsal.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { failureTables } from '../providers/failure-tables.ts';
import type { Emit } from '../resilience/facts.ts';
import { createFleetOverRedis } from '../resilience/fleet/join.ts';
import { createGuard } from '../resilience/guard.ts';
import { defaultGuardSettings } from '../resilience/guard-settings.ts';
import { traceGuard } from '../resilience/traced-guard.ts';
import type { Tracer } from '../tracing.ts';

export type GuardDepsOptions = {
  config: Config;
  clock: Clock;
  emit: Emit;
  log: Log;
  metrics: Metrics;
  tracer: Tracer | undefined;
};

export async function createGuardDeps({ config, clock, emit, log, metrics, tracer }: GuardDepsOptions) {
  // The driver is loaded only where it is used: it is dear at every start.
  const driver = config.redisUrl === undefined ? undefined : await import('../redis.ts');
  const redis = driver?.connectRedis(config.redisUrl!, { log, metrics });
  // A gauge that nobody sets would say that Redis is down.
  if (redis === undefined) metrics.registry.removeSingleMetric('redis_up');
  const settings = guardSettings(config);
  const fleet =
    redis && config.breakerEnabled
      ? createFleetOverRedis({ redis, clock, emit, replica: randomUUID(), settings: settings.breaker })
      : undefined;
  const guard = createGuard({ clock, random: Math.random, emit, settings, fleet });
  for (const [upstream, table] of Object.entries(failureTables)) guard.upstream(upstream, table);
  if (config.simulatorUrl !== undefined) guard.upstream(SIMULATOR_UPSTREAM, {});
  return {
    redis,
    guard: tracer === undefined ? guard : traceGuard(guard, tracer),
    /** Resolves once the circuits stand as they do on other replicas, or after a moment where Redis does not answer. */
    async join() {
      if (redis) await driver?.untilConnected(redis);
      await guard.joinFleet();
    },
    close() {
      fleet?.stop();
      redis?.disconnect();
    },
  };
}

function guardSettings(config: Config) {
  const { breaker } = defaultGuardSettings;
  return {
    ...defaultGuardSettings,
    breaker: {
      ...breaker,
      enabled: config.breakerEnabled,
      threshold: config.breakerThreshold,
      recoveryMs: config.breakerRecoverySeconds * 1000,
      successThreshold: config.breakerSuccessThreshold,
    },
  };
}
