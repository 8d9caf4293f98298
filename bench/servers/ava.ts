/**
 * AVA as it is, with one more door: a read that goes to the vendor each time, through everything that a private request
 * passes (id, token, limit, log, metrics) and everything that an outbound call passes (retry, breaker, deadline, bulkhead).
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connectDatabase } from '../../src/db/connect.ts';
import { createDeps } from '../../src/deps.ts';
import { createApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { createHttpServer } from '../../src/http/server.ts';
import { guardPrivateScope } from '../../src/http/private-scope.ts';
import { createLog } from '../../src/log.ts';
import { sayAddress } from './say-address.ts';

const dir = mkdtempSync(path.join(tmpdir(), 'ava-bench-'));
const result = loadConfig({ ...process.env, AVA_ENV: 'test', RATE_LIMIT_PER_MINUTE: '1000000', AVA_DATA_DIR: dir });
if (!result.ok) throw new Error(result.problems.join('\n'));
const config = { ...result.config, secretKey: process.env['AVA_SECRET_KEY']! };
const { log } = createLog({ level: 'info', file: path.join(dir, 'ava.log'), stdout: { write: () => {} } });
const databaseUrl = process.env['DATABASE_URL']!;
const db = connectDatabase({ url: databaseUrl, applicationName: 'ava', role: 'ava_app' });
const deps = await createDeps({ config, log, db, databaseUrl });
await deps.open();

const app = await createHttpServer({ ...deps, trustProxy: [], corsOrigins: [], production: true });
await app.register(async (scope) => {
  guardPrivateScope(scope, { authenticate: deps.accounts.authenticate, limits: { ...deps, perMinute: 1_000_000 } });
  const credential = { key: 'bench', tenant: 'bench', apiKey: 'bench-key' };
  scope.get('/bench/assistant', { config: { access: 'viewer' } }, () =>
    deps.vapi.getAssistant(credential, '11111111-1111-4111-8111-111111111111'),
  );
});
await app.listen({ port: 0, host: '127.0.0.1' });

const whole = await createApp(deps);
await whole.listen({ port: 0, host: '127.0.0.1' });

const email = process.env['EMAIL'] ?? 'bench@example.test';
await deps.accounts.users.createUser({ email, password: 'bench-bench-bench', tenant: 'Bench' });
const token = await deps.accounts.users.issueToken({ email, ttlSeconds: 4 * 3600 });
process.on('SIGINT', () => process.exit(0));
process.on('message', (order) => {
  if (order === 'isolate') deps.guard.isolate('vapi', { reason: 'bench', author: 'bench', forMs: null });
  if (order === 'close') deps.guard.close('vapi', { reason: 'bench', author: 'bench' });
  process.send?.({ done: order });
});
const address = whole.server.address();
sayAddress(app.server, { token, whole: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}` });
