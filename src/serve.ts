/** The life of one server process: database, parts, doors, jobs; and the way back, without cutting anybody off. */
import type { AddressInfo } from 'node:net';
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
import { systemClock } from './clock.ts';
import type { Config } from './config.ts';
import type { EffectiveValue } from './config-reader.ts';
import { connectDatabase, type Database } from './db/connect.ts';
import { startEmbeddedPostgres } from './db/embedded.ts';
import { migrate, readMigrationState, refuseIfGone } from './db/migrate.ts';
import { keepMonthsAhead } from './db/month-upkeep.ts';
import type { Deps, DepsOptions } from './deps.ts';
import type { App } from './http/app-type.ts';
import type { Log } from './log.ts';
import { giveMemoryBackAtRest } from './memory-at-rest.ts';

export type ServerOptions = {
  config: Config & { secretKey: string };
  effective: EffectiveValue[];
  warnings: string[];
  log: Log;
  agentOptions?: DepsOptions['agentOptions'];
  /** A listening socket that a supervisor keeps while AVA is restarted; by default AVA opens its own. */
  socket?: number | undefined;
};

export type RunningServer = {
  url: string;
  deps: Deps;
  /** `patient` waits until balancers have noticed that this replica leaves. */
  stop(options: { patient: boolean }): Promise<void>;
};

/** Starts everything; the port opens last. What was started is taken down again when a later step fails. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { config, log } = options;
  sayConfiguration(options);
  await using undo = new AsyncDisposableStack();
  const database = await bringUpDatabase(config, log);
  undo.defer(() => database.stop());
  const db = openLanes(database.url, log);
  undo.defer(() => db.close());
  const { createDeps } = await loadParts(
    [() => import('./metrics.ts'), () => import('./providers/http.ts')],
    () => import('./deps.ts'),
  );
  const deps = await createDeps({ ...options, db, databaseUrl: database.url, schemaChecked: database.checked });
  undo.defer(() => deps.close());
  // While the database is asked what this replica must know, the doors are read and made.
  const starting = deps.open().then(async () => (await import('./work.ts')).startWork(deps));
  undo.defer(() =>
    starting.then(
      (work) => work.stop(),
      () => {},
    ),
  );
  const [work, app] = await Promise.all([starting, makeDoors(deps), db.warmUp()]);
  const { ledgerMonthsKept } = config;
  undo.defer(keepMonthsAhead({ url: database.ownerUrl, clock: deps.clock, log, ledgerMonthsKept }));
  undo.defer(giveMemoryBackAtRest({ clock: deps.clock, forget: () => deps.limiter.forgetExpired() }));
  const given = options.socket !== undefined && { host: ANY, fd: options.socket };
  const url = await app.listen({ port: config.port, host: config.host, backlog: MOST_NOT_YET_ACCEPTED, ...given });
  const takeDown = undo.move();
  deps.lifecycle.become('ready');
  void db.fillUp();
  work.begin();
  log.info({ port: (app.server.address() as AddressInfo).port }, `AVA ${deps.release.version} listens on ${url}`);

  return {
    url,
    deps,
    async stop({ patient }) {
      const graceMs = config.shutdownGraceSeconds * 1000;
      deps.lifecycle.become('draining');
      if (patient) await untilNoticed(deps, graceMs);
      deps.lifecycle.leave();
      await Promise.race([app.close(), wait(graceMs, undefined, { ref: false })]);
      await takeDown.disposeAsync();
    },
  };
}

/** One connection of each lane is opened at once: the database makes it while AVA reads its code and puts itself together. */
function openLanes(url: string, log: Log): Database {
  const db = connectDatabase({
    url,
    applicationName: 'ava',
    role: 'ava_app',
    clock: systemClock,
    onIdleError: (error) => log.warn({ err: error }, 'A database connection was lost'),
  });
  void db.warmUp();
  return db;
}

async function makeDoors(deps: Deps): Promise<App> {
  const { createApp } = await loadParts([() => import('./http/server.ts')], () => import('./app.ts'));
  return await createApp(deps);
}

/**
 * Most of the code. What brings a large package is read by itself, so that the database is answered in between: with the
 * proof of its password a connection takes some fifteen turns to be made.
 */
async function loadParts<T>(heavy: (() => Promise<unknown>)[], whole: () => Promise<T>): Promise<T> {
  for (const part of heavy) {
    await someTurns();
    await part();
  }
  await someTurns();
  const loaded = await whole();
  await someTurns();
  return loaded;
}

async function someTurns(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn += 1) await nextTurn();
}

const TURNS = 8;

/** In a burst Node.js accepts one new connection a turn of its loop; the system's own limit still holds. */
const MOST_NOT_YET_ACCEPTED = 4_096;
/** Of a socket that is given it says nothing; of `localhost` Fastify would open one more. */
const ANY = '0.0.0.0';

/** How long a balancer gets, at the least, to see that /readyz says no, while requests are still served. */
const NOTICE_MS = 5_000;
/** So long nothing may have come before the door is shut; and so much of the grace is spent on waiting for it. */
const QUIET_MS = 1_000;
const WAITING_PART = 0.5;

/** A slow balancer, or one whose health checks come late, goes on sending: what arrives is served, and the wait is longer. */
async function untilNoticed({ lifecycle, clock }: Deps, graceMs: number): Promise<void> {
  const beganMs = clock.monotonicMs();
  await wait(Math.min(NOTICE_MS, graceMs / 5));
  const quietMs = Math.min(QUIET_MS, graceMs / 10);
  for (;;) {
    const nowMs = clock.monotonicMs();
    const heardMs = lifecycle.heardAtMs() ?? -Infinity;
    if (nowMs - heardMs >= quietMs || nowMs - beganMs >= graceMs * WAITING_PART) return;
    await wait(quietMs - (nowMs - heardMs));
  }
}

/** `url` is what AVA serves with; on the embedded database that is not the owner's. `checked` rejects where AVA must not serve. */
type BroughtUp = { url: string; ownerUrl: string; checked: Promise<void>; stop(): Promise<void> };

async function bringUpDatabase(config: Config, log: Log): Promise<BroughtUp> {
  if (config.databaseUrl === undefined) {
    const embedded = await startEmbeddedPostgres({ dataDir: config.dataDir, log });
    await migrate({ url: embedded.url, log });
    return {
      ...{ url: embedded.servingUrl, ownerUrl: embedded.url, checked: Promise.resolve() },
      stop: () => embedded.stop(),
    };
  }
  const url = config.databaseUrl;
  const checked = checkSchema(url, config, log);
  checked.catch(() => {});
  return { url, ownerUrl: url, checked, stop: async () => {} };
}

async function checkSchema(url: string, config: Config, log: Log): Promise<void> {
  const state = await readMigrationState(url).catch((error: unknown) => {
    // With its database away a replica still starts: ringing calls are answered from the last known routing.
    log.error({ err: error }, 'The database does not answer; AVA starts without it and tries again');
    return undefined;
  });
  if (state !== undefined && state.unknown.length > 0) await refuseIfGone(url);
  if (state !== undefined && state.pending.length > 0) await migrateOrRefuse(url, config, state, log);
}

async function migrateOrRefuse(
  url: string,
  config: Config,
  state: { applied: string[]; pending: string[] },
  log: Log,
): Promise<void> {
  if (state.applied.length > 0 && config.env === 'production') {
    throw new Error(`The database lacks ${state.pending.join(', ')}. Run \`ava migrate\` with this version first.`);
  }
  await migrate({ url, log });
}

function sayConfiguration({ config, effective, warnings, log }: ServerOptions): void {
  log.info(
    { settings: effective.map(({ name, value, source }) => `${name}=${value} (${source})`) },
    'Effective configuration',
  );
  for (const warning of warnings) log.warn(warning);
  if (config.stubMode && config.env === 'production') {
    log.error(
      'INTEGRATIONS_STUB_MODE is on in production: integrations answer with stub data. This is the emergency fallback; turn it off as soon as you can',
    );
  }
}
