import { afterEach, describe, expect, it } from 'vitest';
import { Redis } from 'ioredis';
import { hasRedis, startRedis, type TestRedis } from './redis.ts';

let redis: TestRedis | undefined;

afterEach(async () => {
  await redis?.kill();
});

describe.skipIf(!hasRedis())('the Redis of the tests', () => {
  it('answers, can be frozen, and comes back on the same port after it was killed', async () => {
    redis = await startRedis();
    const client = new Redis(redis.url, { commandTimeout: 300, maxRetriesPerRequest: 0, retryStrategy: () => 50 });
    client.on('error', () => {});
    expect(await client.set('a', '1')).toBe('OK');

    redis.pause();
    await expect(client.get('a')).rejects.toThrow('Command timed out');
    redis.resume();
    expect(await client.ping()).toBe('PONG');

    await redis.kill();
    redis = await startRedis({ port: redis.port });
    const again = new Redis(redis.url);
    expect(await again.get('a')).toBeNull();
    client.disconnect();
    again.disconnect();
  });
});
