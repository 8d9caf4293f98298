/** The rooms that work with Vapi, over real HTTP, a real database and the Vapi twin, with one organisation of its own. */
import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { type Clock, systemClock } from '../../src/clock.ts';
import { createVapiAccess, createWebhookTargets } from '../../src/features/assistants/access.ts';
import { type Assistants, createAssistants } from '../../src/features/assistants/assistants.ts';
import { assistantRoutes } from '../../src/features/assistants/routes.ts';
import { createAudit } from '../../src/features/audit/audit.ts';
import { createCredentials } from '../../src/features/credentials/credentials.ts';
import { createVault } from '../../src/features/credentials/vault.ts';
import { createWebhookSecrets } from '../../src/features/credentials/webhook-secrets.ts';
import type { Database } from '../../src/db/connect.ts';
import { createDrift } from '../../src/features/vapi-settings/drift.ts';
import { createHistory } from '../../src/features/vapi-settings/history.ts';
import { vapiSettingsRoutes } from '../../src/features/vapi-settings/routes.ts';
import { createSettings } from '../../src/features/vapi-settings/settings.ts';
import { readValues } from '../../src/features/vapi-settings/values.ts';
import type { Caller } from '../../src/http/caller.ts';
import { failureTables } from '../../src/providers/failure-tables.ts';
import { createGuardedHttp } from '../../src/providers/http.ts';
import { createVapi } from '../../src/providers/vapi/vapi.ts';
import { defaultGuardSettings } from '../../src/resilience/guard-settings.ts';
import { createGuard } from '../../src/resilience/guard.ts';
import { startSimulator, type Simulator } from '../../src/simulator/simulator.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { type PrivateApp, startPrivateApp } from './private-app.ts';
import { makeCaller } from './tenant.ts';

/** The clock of the machine, which a test may push forward. */
export type PushedClock = Clock & { push(ms: number): void };

export type VapiHouse = {
  /** Whoever calls; change it to call as somebody else. */
  caller: Caller;
  simulator: Simulator;
  org: ReturnType<Simulator['control']['addVapiOrg']>;
  database: TestDatabase;
  clock: PushedClock;
  assistants: Assistants;
  credentials: ReturnType<typeof createCredentials>;
  call: PrivateApp['call'];
  /** How often the rooms of all replicas have turned to the database. */
  databaseUses(): number;
  /** The assistants of whose change dashboards were told, of all tenants and replicas. */
  told: string[];
  /** Another replica: its own memory, the same database and twins. */
  replica(): Promise<Pick<VapiHouse, 'call' | 'assistants'>>;
  /** Makes an assistant at Vapi, as its dashboard would. */
  makeAssistant(fields?: Record<string, unknown>): string;
  /** A tenant with a key of its own, of a new organisation. */
  newTenant(): Promise<VapiHouse['org']>;
  close(): Promise<void>;
};

const SECRETS = { secretKey: 'a key for tests that is long enough 0123456789' };
const log = pino({ level: 'silent' });

export async function startVapiHouse(options: { isStub?: boolean; environmentKey?: string } = {}): Promise<VapiHouse> {
  const database = await createTestDatabase();
  const simulator = await startSimulator();
  const clock = pushedClock();
  const ends: (() => Promise<unknown>)[] = [];
  let uses = 0;
  const told: string[] = [];
  const first = await openRooms();
  const house: VapiHouse = {
    databaseUses: () => uses,
    told,
    ...first,
    caller: await makeCaller(database.database),
    simulator,
    org: simulator.control.addVapiOrg(),
    database,
    clock,
    replica: openRooms,
    makeAssistant: (fields = {}) => house.org.assistants.add({ ...USUAL, ...fields }).id,
    async newTenant() {
      house.caller = await makeCaller(database.database);
      house.org = simulator.control.addVapiOrg({ apiKey: randomUUID() });
      await setKey(house.org.apiKey);
      return house.org;
    },
    async close() {
      for (const end of ends.toReversed()) await end();
      await simulator.close();
      await database.drop();
    },
  };
  await setKey(house.org.apiKey);
  return house;

  async function setKey(apiKey: string): Promise<void> {
    const { tenantId, userId, email } = house.caller;
    await first.credentials.put({ vendor: 'vapi', apiKey }, { actor: { tenantId, userId, name: email } });
  }

  function counted(db: Database): Database {
    return {
      ...db,
      asTenant(tenantId, work) {
        uses += 1;
        return db.asTenant(tenantId, work);
      },
      get system() {
        uses += 1;
        return db.system;
      },
    };
  }

  async function openRooms() {
    const db = counted(database.database);
    const emit = () => {};
    const guard = createGuard({ clock, random: Math.random, emit, settings: defaultGuardSettings });
    guard.upstream('vapi', failureTables.vapi);
    const http = createGuardedHttp({ guard, clock, emit });
    const vapi = createVapi({ http, baseUrl: simulator.vapi.baseUrl });
    const vault = createVault(SECRETS);
    const audit = createAudit({ db, clock, log, key: async () => Buffer.alloc(32, 1) });
    const environment = options.environmentKey === undefined ? {} : { vapiApiKey: options.environmentKey };
    const credentials = createCredentials({ db, clock, audit, vault, secrets: SECRETS, environment });
    const webhookSecrets = createWebhookSecrets({ db, clock, audit, vault });
    const assistants = createAssistants({
      db,
      clock,
      emit,
      vapi,
      audit,
      vault,
      readValues,
      isStub: options.isStub === true,
      access: createVapiAccess({
        db,
        credentials,
      }),
      target: createWebhookTargets({
        clock,
        webhookSecrets,
        publicUrl: 'http://127.0.0.1:1',
      }).of,
      reassertLater: async () => {},
      onMismatch: () => {},
      onChange: (_tenantId, assistantId) => void told.push(assistantId),
      onSeen: () => {},
    });
    credentials.onChange(assistants.forget);
    const settings = createSettings({ assistants });
    const settingHistory = createHistory({ assistants, settings });
    const settingDrift = createDrift({ assistants, settings });
    const app = await startPrivateApp({
      db,
      clock,
      caller: () => house.caller,
      routes(scope) {
        vapiSettingsRoutes(scope, { settings, settingHistory, settingDrift });
        assistantRoutes(scope, { assistants });
      },
    });
    const stops = [await credentials.follow(), await assistants.listen()];
    ends.push(async () => {
      await app.close();
      for (const stop of stops) await stop();
      await http.close();
    });
    return { call: app.call, assistants, credentials };
  }
}

/** An assistant as a person makes it at Vapi, with fields that AVA knows nothing of. */
const USUAL = {
  name: 'Front desk',
  firstMessage: 'Good morning, how can I help?',
  firstMessageMode: 'assistant-speaks-first',
  maxDurationSeconds: 900,
  endCallPhrases: ['goodbye now'],
  model: {
    provider: 'openai',
    model: 'gpt-4.1',
    temperature: 0.3,
    maxTokens: 250,
    messages: [{ role: 'system', content: 'You answer calls.' }],
    toolIds: ['3f1c2a50-6a0b-4a51-8a35-0c54f7a7e001'],
  },
  voice: { provider: '11labs', voiceId: 'sarah', speed: 1, stability: 0.4 },
  transcriber: { provider: 'deepgram', model: 'nova-3', language: 'en' },
  artifactPlan: {
    recordingEnabled: true,
    recordingFormat: 'mp3',
    transcriptPlan: { enabled: true, userName: 'Caller' },
  },
  metadata: { crm: { id: 7 } },
};

function pushedClock(): PushedClock {
  let offsetMs = 0;
  return {
    monotonicMs: () => systemClock.monotonicMs() + offsetMs,
    now: () => new Date(Date.now() + offsetMs),
    setTimer: systemClock.setTimer,
    push: (ms) => void (offsetMs += ms),
  };
}
