/**
 * The database as the rooms see it. Four lanes of connections, so that a flood in one never starves another: above
 * all, nothing may take the connections that a ringing call needs.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { Kysely, PostgresDialect, sql, type Transaction } from 'kysely';
import { Client } from 'pg';
import { type Clock, systemClock } from '../clock.ts';
import { isUuid } from '../uuid.ts';
import { createListener, type Listener, type NoticeHandler } from './listener.ts';
import { type BoundedPool, clientSettings, createPool, type PoolSettings, type PoolUse } from './pool.ts';
import type { Schema } from './schema.ts';
import { askWhetherReady, type Readiness } from './readiness.ts';
import { asDatabaseError } from './unavailable.ts';

export type LaneName = 'call' | 'webhook' | 'api' | 'job';

/** One lane of connections. All its waits are bounded; `DatabaseUnavailable` says that the database is in trouble. */
export type Lane = {
  /**
   * Runs `work` in a transaction that sees and may write the rows of one tenant alone. `tenantId` is a UUID. Commits
   * when `work` resolves, rolls back when it throws.
   */
  asTenant<T>(tenantId: string, work: (trx: Transaction<Schema>) => Promise<T>): Promise<T>;
  /** For tables that belong to no tenant, and for the directory functions. Of tenants' tables it sees no row. */
  system: Kysely<Schema>;
};

/** The lane `api`, and the way to the others. */
export type Database = Lane & {
  lane(name: LaneName): Lane;
  /** Whether the database answers a statement; decided within a second, unless this process itself stands still. */
  ready(): Promise<Readiness>;
  /**
   * Opens the first connection of each lane and the one that listens, for two seconds at the longest; never rejects. Who
   * asks meanwhile waits for the same.
   */
  warmUp(): Promise<void>;
  /** Opens the others that are kept; never rejects. */
  fillUp(): Promise<void>;
  /**
   * Calls `handler` for every message on `channel`, and without one after a lost connection and every few seconds:
   * then look for yourself. Resolves to the function that ends it.
   */
  listen(channel: string, handler: NoticeHandler): Promise<() => Promise<void>>;
  /**
   * Sends a message of at most 8,000 bytes, or several that differ, in one statement; inside `trx` it leaves when that
   * commits. Each statement costs a flush, and while one that notifies commits, no other one can.
   */
  notify(channel: string, payload: string | string[], trx?: Transaction<Schema>): Promise<void>;
  /** How the connections of each lane are used. */
  use(): Record<LaneName, PoolUse>;
  close(): Promise<void>;
};

export type DatabaseOptions = {
  url: string;
  applicationName: string;
  /** Over all lanes; 4 is the least. */
  maxConnections?: number;
  statementTimeoutMs?: number;
  /** For a connection or a turn; each lane has its own by default. */
  connectTimeoutMs?: number;
  /** The role to serve as. Left out only where the owner itself must act. */
  role?: 'ava_app' | undefined;
  clock?: Clock;
  listenPollMs?: number;
  /** Called when a connection that nobody uses is lost. */
  onIdleError?: (error: Error) => void;
};

/** Makes the lanes. Opens no connection yet, so it also works while the database is away. */
export function connectDatabase(options: DatabaseOptions): Database {
  const { clock = systemClock } = options;
  const settings = poolSettings(options);
  const lanes = createLanes(settings, options);
  const probe = createPool({ ...settings, ...PROBE, applicationName: `${settings.applicationName}/ready` });
  const listener = createListener({
    clock,
    connect: () => openClient({ ...settings, applicationName: `${settings.applicationName}/listen` }),
    pollMs: options.listenPollMs ?? 5_000,
  });
  const pools = [probe, ...LANES.map((name) => lanes[name].pool)];
  let opening: Promise<void> | undefined;
  return {
    ...lanes.api.lane,
    lane: (name) => lanes[name].lane,
    ready: () => askWhetherReady(clock, () => askOnce(probe)),
    warmUp: () => (opening ??= openFirst(listener, pools).finally(() => (opening = undefined))),
    fillUp: async () => void (await Promise.all(pools.map((pool) => pool.warmUp()))),
    listen: (channel, handler) => listener.listen(channel, handler),
    notify: async (channel, payload, trx) => {
      await sql`select pg_notify(${channel}, given) from unnest(${[payload].flat()}::text[]) as given`.execute(
        trx ?? lanes.api.lane.system,
      );
    },
    use: () => mapLanes((name) => lanes[name].pool.use()),
    async close() {
      await listener.close();
      await Promise.all(pools.map((pool) => pool.end()));
    },
  };
}

const LANES = ['call', 'webhook', 'api', 'job'] as const;
/**
 * So many each. People's are few: their pages keep a processor of the database busy for milliseconds, and what a ringing call
 * asks waits for a processor too. With seven, a call beside a crowd took twice as long, and the crowd was served no faster.
 */
const CONNECTIONS: Record<LaneName, number> = { call: 4, webhook: 5, api: 3, job: 4 };
const ALL_CONNECTIONS = Object.values(CONNECTIONS).reduce((total, count) => total + count, 0);
/** A lane that had to open its first connection with a crowd at the door refused the crowd on a machine that is busy. */
const KEPT_OPEN: Record<LaneName, number> = { call: 2, webhook: 2, api: 3, job: 1 };
/** A caller hears the person instead after this; everybody else is better served late than refused. */
const CONNECT_TIMEOUT_MS: Record<LaneName, number> = { call: 2_000, webhook: 5_000, api: 5_000, job: 5_000 };
const WARM_UP_LIMIT_MS = 2_000;
const PROBE = { maxConnections: 1, keptOpen: 1, statementTimeoutMs: 800, connectTimeoutMs: 800 };

function poolSettings(options: DatabaseOptions): Omit<PoolSettings, 'maxConnections'> {
  return {
    url: options.url,
    applicationName: options.applicationName,
    role: options.role,
    statementTimeoutMs: options.statementTimeoutMs ?? 5_000,
    connectTimeoutMs: options.connectTimeoutMs ?? 2_000,
    onIdleError: options.onIdleError,
  };
}

async function openFirst(listener: Listener, pools: BoundedPool[]): Promise<void> {
  const opened = Promise.all([listener.warmUp(), ...pools.map((pool) => pool.warmUp(1))]);
  await Promise.race([opened, wait(WARM_UP_LIMIT_MS, undefined, { ref: false })]);
}

type MadeLane = { pool: BoundedPool; lane: Lane };

function createLanes(
  settings: Omit<PoolSettings, 'maxConnections'>,
  { maxConnections = ALL_CONNECTIONS, connectTimeoutMs }: DatabaseOptions,
): Record<LaneName, MadeLane> {
  return mapLanes((name) => {
    const most = Math.max(1, Math.round((maxConnections / ALL_CONNECTIONS) * CONNECTIONS[name]));
    const pool = createPool({
      ...settings,
      applicationName: `${settings.applicationName}/${name}`,
      maxConnections: most,
      keptOpen: Math.min(most, KEPT_OPEN[name]),
      connectTimeoutMs: connectTimeoutMs ?? CONNECT_TIMEOUT_MS[name],
    });
    const system = new Kysely<Schema>({ dialect: new PostgresDialect({ pool: pool.forKysely }) });
    return { pool, lane: { system, asTenant: (tenantId, work) => inTenant(system, tenantId, work) } };
  });
}

async function inTenant<T>(
  db: Kysely<Schema>,
  tenantId: string,
  work: (trx: Transaction<Schema>) => Promise<T>,
): Promise<T> {
  if (!isUuid(tenantId)) throw new Error(`a tenant is named by a UUID, not by ${JSON.stringify(tenantId)}`);
  return await db.transaction().execute(async (trx) => {
    // Local to the transaction: it is gone before the connection serves anybody else. Without parameters it leaves with `begin`.
    await sql`set local app.tenant = ${sql.lit(tenantId)}`.execute(trx);
    return await work(trx);
  });
}

async function askOnce(probe: BoundedPool): Promise<Readiness> {
  try {
    const client = await probe.forKysely.connect();
    try {
      await client.query('select 1', []);
    } finally {
      client.release();
    }
    return { isReady: true };
  } catch (error) {
    const { cause } = error as Error;
    return { isReady: false, reason: cause instanceof Error ? cause.message : String(error) };
  }
}

async function openClient(settings: Omit<PoolSettings, 'maxConnections'>): Promise<Client> {
  const client = new Client(clientSettings(settings));
  client.on('error', () => {});
  try {
    await client.connect();
    return client;
  } catch (error) {
    await client.end().catch(() => {});
    throw asDatabaseError(error);
  }
}

function mapLanes<T>(make: (name: LaneName) => T): Record<LaneName, T> {
  return { call: make('call'), webhook: make('webhook'), api: make('api'), job: make('job') };
}
