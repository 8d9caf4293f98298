/** A pool of connections in which nobody waits without end, and from which a stuck connection never comes back. */
import type { PostgresPool, PostgresPoolClient } from 'kysely';
import { Client, type ClientConfig, Pool, type PoolClient, TypeOverrides } from 'pg';
import { asDatabaseError } from './unavailable.ts';

export type PoolSettings = {
  url: string;
  applicationName: string;
  role: string | undefined;
  maxConnections: number;
  /** So many are opened by `warmUp`, and kept from then on. */
  keptOpen?: number | undefined;
  /** The server ends a statement after this; the client gives up one second later, should the server be frozen. */
  statementTimeoutMs: number;
  /** For a connection to be made, and for a turn to come when all are in use. */
  connectTimeoutMs: number;
  /** Called when a connection that nobody uses is lost. */
  onIdleError?: ((error: Error) => void) | undefined;
};

export type PoolUse = { total: number; idle: number; waiting: number };

export type BoundedPool = {
  forKysely: PostgresPool;
  use(): PoolUse;
  /**
   * Opens the connections that are kept, or the first `most` of them, so that nobody has to wait for them later; those that
   * cannot be opened are left out. Resolves with the first: the others follow on its heels.
   */
  warmUp(most?: number): Promise<void>;
  end(): Promise<void>;
};

/** Makes the pool; no connection is opened before the first use. */
export function createPool(settings: PoolSettings): BoundedPool {
  const pool = new Pool({
    ...clientSettings(settings),
    max: settings.maxConnections,
    min: settings.keptOpen ?? 0,
    idleTimeoutMillis: 30_000,
  });
  pool.on('error', (error) => {
    // The pool hangs the whole connection on it, which would stand in the log with all its state.
    delete (error as { client?: unknown }).client;
    settings.onIdleError?.(error);
  });
  // The pool listens to idle connections only. One that is lost between two statements of its user would end the
  // process; the user learns of it from the next statement.
  pool.on('connect', (client) => client.on('error', () => {}));
  let ended: Promise<void> | undefined;
  const end = () => (ended ??= pool.end());
  return {
    forKysely: {
      Client,
      options: pool.options,
      end,
      connect: async () => guard(await pool.connect().catch(rethrow)),
    },
    use: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
    async warmUp(most = Infinity) {
      // Those that are on their way already count; the idle ones are handed out before another is opened.
      const missing = Math.max(0, Math.min(most, settings.keptOpen ?? 0) - pool.totalCount + pool.idleCount);
      const opening = Array.from({ length: missing }, async () => (await pool.connect()).release());
      await Promise.any(opening).catch(() => {});
    },
    end,
  };
}

/** The settings of one connection: time-outs on both sides, keep-alive, the serving role. */
export function clientSettings(settings: Omit<PoolSettings, 'maxConnections' | 'keptOpen'>): ClientConfig {
  const { statementTimeoutMs } = settings;
  const options = [
    `-c statement_timeout=${statementTimeoutMs}`,
    `-c idle_in_transaction_session_timeout=${statementTimeoutMs * 2}`,
    '-c timezone=UTC',
    // Statements here are short; compiling one takes longer than what it saves.
    '-c jit=off',
    ...(settings.role ? [`-c role=${settings.role}`] : []),
  ];
  return {
    connectionString: settings.url,
    application_name: settings.applicationName,
    connectionTimeoutMillis: settings.connectTimeoutMs,
    query_timeout: statementTimeoutMs + 1_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    options: options.join(' '),
    types: parsers(),
  };
}

/** What Kysely says for it. */
const BEGIN = 'begin';

/** A transaction begins on the way of its first statement, where that has no parameters: one turn to the database less. */
function guard(client: PoolClient): PostgresPoolClient {
  let isStuck = false;
  let isToBegin = false;
  const query = async (text: string, parameters: unknown[] = []): Promise<unknown> => {
    if (text === BEGIN) {
      isToBegin = true;
      return { command: 'BEGIN', rowCount: null, rows: [] };
    }
    if (!isToBegin) return ask(text, parameters);
    isToBegin = false;
    if (parameters.length === 0) return ((await ask(`${BEGIN}; ${text}`, [])) as unknown[]).at(-1);
    await ask(BEGIN, []);
    return ask(text, parameters);
  };
  const ask = async (text: string, parameters: unknown[]): Promise<unknown> => {
    try {
      return await client.query(text, parameters);
    } catch (error) {
      if (error instanceof Error && error.message === 'Query read timeout') {
        // An answer may still come and would be taken for that of the next statement.
        isStuck = true;
        (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
      }
      throw asDatabaseError(error);
    }
  };
  const { processID } = client as unknown as { processID?: number };
  return {
    ...(processID !== undefined && { processID }),
    query: query as PostgresPoolClient['query'],
    release: (destroy) => client.release(isStuck || destroy === true),
  };
}

function rethrow(error: unknown): never {
  throw asDatabaseError(error);
}

const INT8 = 20;
const DATE = 1082;
const TIMESTAMPTZ = 1184;

// Counters come as numbers as long as that is exact; a calendar day stays text, for it has no time zone.
function parsers(): TypeOverrides {
  const types = new TypeOverrides();
  const parseAnyMoment = types.getTypeParser(TIMESTAMPTZ, 'text') as unknown as (text: string) => Date;
  types.setTypeParser(INT8, (text) => (Number.isSafeInteger(Number(text)) ? Number(text) : text));
  types.setTypeParser(DATE, (text) => text);
  types.setTypeParser(TIMESTAMPTZ, (text) => parseMoment(text) ?? parseAnyMoment(text));
  return types;
}

const ZERO = 48;

/** `2026-01-31 23:59:59.123456+00`, as a connection in UTC says it; undefined for anything else. */
export function parseMoment(text: string): Date | undefined {
  const end = text.length - 3;
  if (end < 19 || text[0] === '0' || text[4] !== '-' || text[10] !== ' ' || !text.endsWith('+00')) return undefined;
  const at = (place: number) => text.charCodeAt(place) - ZERO;
  const two = (place: number) => at(place) * 10 + at(place + 1);
  const ms = end > 20 ? at(20) * 100 + (end > 21 ? at(21) * 10 : 0) + (end > 22 ? at(22) : 0) : 0;
  return new Date(Date.UTC(two(0) * 100 + two(2), two(5) - 1, two(8), two(11), two(14), two(17), ms));
}
