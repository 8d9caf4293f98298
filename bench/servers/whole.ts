/**
 * AVA as `ava serve` runs it, over the database (and Redis) that it is told. The first replica makes a person and a number
 * that an assistant answers; the others join. On order it tells what its memory holds after a collection.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Client } from 'pg';
import { loadConfig } from '../../src/config.ts';
import type { Deps } from '../../src/deps.ts';
import { routingInputSchema } from '../../src/features/phone-numbers/routing-contract.ts';
import { createLog } from '../../src/log.ts';
import { startServer } from '../../src/serve.ts';

const result = loadConfig(process.env);
if (!result.ok) throw new Error(result.problems.join('\n'));
const config = { ...result.config, secretKey: process.env['AVA_SECRET_KEY']! };
const { log } = createLog({ level: 'info', file: config.logFile, stdout: { write: () => {} } });
const turns = process.env['COUNT_TURNS'] ? countTurns() : {};
const server = await startServer({ config, effective: [], warnings: [], log });
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

process.on('message', (order: string) => {
  if (order === 'turns') return void process.send?.(turns);
  if (order === 'collect') collect();
  const { rss, heapUsed, external } = process.memoryUsage();
  const kinds = Object.groupBy(process.getActiveResourcesInfo(), (kind) => kind);
  const handles = Object.fromEntries(Object.entries(kinds).map(([kind, all]) => [kind, all!.length]));
  process.send?.({ rss, heapUsed, external, handles });
});
process.on('SIGTERM', () => void server.stop({ patient: false }).finally(() => process.exit(0)));
process.send?.({ url: server.url, ...(process.env['JOINS'] ? {} : await settleIn(server.deps)) });

/** Messages to the database that are waited for, by the name of the connection, which tells the lane; a `commit` is told apart. */
function countTurns(): Record<string, number> {
  const counts: Record<string, number> = {};
  const { query } = Client.prototype;
  Client.prototype.query = function counted(this: Client, ...given: unknown[]) {
    const { application_name: lane = 'other' } = (this as unknown as { connectionParameters: Record<string, string> })
      .connectionParameters;
    const kind = /^(begin|commit|rollback)$/.test(String(given[0])) ? `${lane} frame` : lane;
    counts[kind] = (counts[kind] ?? 0) + 1;
    return (query as (...args: unknown[]) => unknown).apply(this, given);
  } as typeof query;
  return counts;
}

async function settleIn(deps: Deps) {
  const email = 'bench@example.test';
  await deps.accounts.users.createUser({ email, password: 'bench-bench-bench', tenant: 'Bench' });
  const token = await deps.accounts.users.issueToken({ email, ttlSeconds: 4 * 3600 });
  const { id: tenantId } = await deps.db.system.selectFrom('tenants').select('id').executeTakeFirstOrThrow();
  const { id: userId } = await deps.db.system.selectFrom('users').select('id').executeTakeFirstOrThrow();
  await deps.settings.list(tenantId);
  const whole = await deps.webhookSecrets.current(tenantId, 'vapi', { name: 'bench' });
  const numbers = await deps.twilio.listNumbers((await deps.twilioOf(tenantId))!);
  const number = numbers.find((one) => one.phone_number === process.env['NUMBER']);
  const input = routingInputSchema.parse({
    assistant_id: process.env['ASSISTANT_ID'],
    mode: 'front_door',
    fallback: { people: [{ name: 'Ann', phone_number: '+15005550006' }] },
  });
  const actor = { tenantId, userId, name: 'bench' };
  await deps.routing.put(tenantId, number!.sid, input, { actor, ifMatch: undefined });
  return { token, whole };
}
