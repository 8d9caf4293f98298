/**
 * AVA whole, with its logs, metrics and audit switched off one by one where SWITCHED_OFF names them. It measures the delay
 * of its own event loop between two orders.
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { connectDatabase } from '../../src/db/connect.ts';
import { createDeps } from '../../src/deps.ts';
import { createLog } from '../../src/log.ts';
import { startWork } from '../../src/work.ts';
import { sayAddress } from './say-address.ts';

const off = new Set((process.env['SWITCHED_OFF'] ?? '').split(','));
const dir = mkdtempSync(path.join(tmpdir(), 'ava-bench-'));
const result = loadConfig({ ...process.env, AVA_ENV: 'test', RATE_LIMIT_PER_MINUTE: '10000000', AVA_DATA_DIR: dir });
if (!result.ok) throw new Error(result.problems.join('\n'));
const config = { ...result.config, secretKey: process.env['AVA_SECRET_KEY']! };
const { log } = createLog({ level: 'info', file: path.join(dir, 'ava.log'), stdout: { write: () => {} } });
if (off.has('logs')) log.level = 'silent';
const databaseUrl = process.env['DATABASE_URL']!;
const db = connectDatabase({ url: databaseUrl, applicationName: 'ava', role: 'ava_app' });
const deps = await createDeps({ config, log, db, databaseUrl });
await deps.open();
const nothing = { inc: () => {}, observe: () => {}, set: () => {} };
if (off.has('metrics')) for (const metric of Object.values(deps.metrics)) Object.assign(metric, nothing);
if (off.has('audit')) deps.audit.record = async () => {};

const app = await createApp(deps);
await app.listen({ port: 0, host: '127.0.0.1' });
const work = await startWork(deps);
work.begin();

const email = 'bench@example.test';
await deps.accounts.users.createUser({ email, password: 'bench-bench-bench', tenant: 'Bench' });
const token = await deps.accounts.users.issueToken({ email, ttlSeconds: 4 * 3600 });
const tenant = await deps.db.system.selectFrom('tenants').select('id').executeTakeFirstOrThrow();
const whole = await deps.webhookSecrets.current(tenant.id, 'vapi', { name: 'bench' });

const delay = monitorEventLoopDelay({ resolution: 10 });
process.on('message', (order) => {
  if (order === 'begin') delay.reset();
  if (order === 'begin') delay.enable();
  else delay.disable();
  process.send?.({ p99Ms: delay.percentile(99) / 1e6 });
});
process.on('SIGINT', () => void work.stop().finally(() => process.exit(0)));
sayAddress(app.server, { token, whole });
