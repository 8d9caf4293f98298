/** AVA in this process, whole, on a real database and the twins: for tests that need its parts in their hands. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { loadConfig } from '../../src/config.ts';
import { twilioSignature } from '../../src/providers/twilio/signature.ts';
import { type RunningServer, startServer } from '../../src/serve.ts';
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/simulator.ts';
import { type Cable, layCable } from './cable.ts';
import { createTestDatabase } from './database.ts';
import { freePort } from './free-port.ts';
import { makeCaller } from './tenant.ts';

export type InProcess = {
  server: RunningServer;
  deps: RunningServer['deps'];
  url: string;
  simulator: Simulator;
  tenantId: string;
  userId: string;
  number: string;
  sid: string;
  dataDir: string;
  databaseUrl: string;
  /** Between AVA and its database. */
  cable: Cable;
  /** A webhook of Twilio, signed. */
  twilio(path: string, params: Record<string, string>): Promise<Response>;
  /** Sets who answers the number. */
  route(over?: object): Promise<void>;
  stop(): Promise<void>;
};

export async function startInProcess(
  options: { simulator?: SimulatorOptions; env?: Record<string, string> } = {},
): Promise<InProcess> {
  const simulator = await startSimulator({ timeScale: 200, vapiConcurrency: 100_000, ...options.simulator });
  const database = await createTestDatabase();
  const cable = await layCable(database.url);
  const dataDir = mkdtempSync(path.join(tmpdir(), 'ava-in-process-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const env = {
    AVA_ENV: 'test',
    PORT: String(port),
    PUBLIC_URL: url,
    AVA_DATA_DIR: dataDir,
    DATABASE_URL: cable.url,
    AVA_SECRET_KEY: 'in-process secret key 0123456789 abcdef',
    RATE_LIMIT_PER_MINUTE: '100000',
    ...simulator.env(),
    ...options.env,
  };
  const loaded = loadConfig(env);
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
  const { tenantId, userId } = await makeCaller(database.database);
  await database.database.system
    .updateTable('tenants')
    .set({ uses_environment: true })
    .where('id', '=', tenantId)
    .execute();
  const log = pino({ level: process.env['AVA_TEST_LOG'] ?? 'silent' });
  const config = { ...loaded.config, secretKey: env.AVA_SECRET_KEY };
  const server = await startServer({ config, effective: [], warnings: [], log });
  const { deps } = server;
  const credential = (await deps.twilioOf(tenantId))!;
  const [first] = await deps.twilio.listNumbers(credential);
  const { sid, phone_number: number } = first!;
  const actor = { tenantId, userId, name: 'test' };
  await deps.settings.list(tenantId);
  await deps.assistants.reassertServers(tenantId);
  const house: InProcess = {
    ...{ server, deps, url, simulator, tenantId, userId, number, sid, dataDir, databaseUrl: database.url, cable },
    twilio: (where, params) => {
      const target = `${url}/webhooks/twilio/${where}`;
      const all = { AccountSid: simulator.twilio.accountSid, ...params };
      const signature = twilioSignature(simulator.twilio.authToken, target, all);
      return fetch(target, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': signature },
        body: new URLSearchParams(all),
      });
    },
    async route(over = {}) {
      const { routingInputSchema } = await import('../../src/features/phone-numbers/routing-contract.ts');
      const input = routingInputSchema.parse({
        assistant_id: simulator.vapi.assistantId,
        mode: 'front_door',
        fallback: { people: [{ name: 'Ann', phone_number: '+15005550006' }] },
        ...over,
      });
      await deps.routing.put(tenantId, sid, input, { actor, ifMatch: undefined });
    },
    async stop() {
      await server.stop({ patient: false });
      await simulator.close();
      await cable.close();
      await database.drop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
  await house.route();
  return house;
}
