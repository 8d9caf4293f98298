/**
 * AVA's parts in one process, with nothing that runs by itself. Of each tenant that it is told, limit, credential,
 * circuit and settings are used once; then it answers what its memory holds, after a collection where one is ordered.
 * At rest it gives memory back as `ava serve` does.
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { loadConfig } from '../../src/config.ts';
import { connectDatabase } from '../../src/db/connect.ts';
import { createDeps } from '../../src/deps.ts';
import { createLog } from '../../src/log.ts';
import { giveMemoryBackAtRest } from '../../src/memory-at-rest.ts';

type Order = { tenants: string[]; settings: number; collects: boolean };

const AT_ONCE = 16;
const dir = mkdtempSync(path.join(tmpdir(), 'ava-bench-'));
const result = loadConfig({ ...process.env, AVA_ENV: 'test', AVA_DATA_DIR: dir });
if (!result.ok) throw new Error(result.problems.join('\n'));
const config = { ...result.config, secretKey: process.env['AVA_SECRET_KEY']! };
const { log } = createLog({ level: 'silent', file: path.join(dir, 'ava.log'), stdout: { write: () => {} } });
const databaseUrl = process.env['DATABASE_URL']!;
const db = connectDatabase({ url: databaseUrl, applicationName: 'ava', role: 'ava_app' });
const deps = await createDeps({ config, log, db, databaseUrl });
await deps.open();
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

giveMemoryBackAtRest({ clock: deps.clock, forget: () => deps.limiter.forgetExpired() });
process.on('message', (order: Order) => void touch(order).then((failed) => tell(failed, order.collects)));
process.send?.({ url: 'none' });

async function tell(failed: number, collects: boolean): Promise<void> {
  if (collects) await collectAll();
  const { rss, heapUsed } = process.memoryUsage();
  process.send?.({ rss, heapUsed, failed });
}

/** Pages that nothing lives in any more go back to the system a moment after a collection. */
async function collectAll(): Promise<void> {
  collect();
  await delay(3_000);
  collect();
}

async function touch({ tenants, settings }: Order): Promise<number> {
  const waiting = tenants.entries();
  let failed = 0;
  const worker = async () => {
    for (const [index, tenant] of waiting) {
      const work = index < settings ? readSettings(tenant) : callVendor(tenant);
      await deps.limiter.take({ key: `user:${tenant}`, limit: 10, windowMs: 60_000 });
      await work.catch((error: unknown) => {
        if (failed++ === 0) console.error(error);
      });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return failed;
}

async function readSettings(tenant: string): Promise<void> {
  await deps.settings.list(tenant);
}

/** Through the tenant's circuit, with its credential, but without the way to the vendor. */
async function callVendor(tenant: string): Promise<void> {
  const known = await deps.credentials.forTenant(tenant, 'vapi');
  if (known === undefined) throw new Error('no credential');
  const times = { deadlineMs: 5_000, attemptTimeoutMs: 5_000 };
  const credential = { key: known.fingerprint, tenant };
  const call = { upstream: 'vapi', credential, operation: 'bench', repeatable: true, lane: 'api' as const, ...times };
  await deps.guard.run({ ...call, attempt: () => Promise.resolve() });
}
