/**
 * The embedded database: a real PostgreSQL that AVA starts itself, on the loopback, with a password of its own.
 * Commands that run side by side share one server; the last to leave shuts it down; whoever holds it revives it.
 */
import type { ChildProcess } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { type Binaries, prepareBinaries } from './embedded/binaries.ts';
import { type Cluster, findCluster, OWNER } from './embedded/cluster.ts';
import { findPlace, type Place } from './embedded/place.ts';
import { clearForeignLock, findPostmaster, freePort, isPostgres, lastWords, launch } from './embedded/postmaster.ts';
import { createServingLogin, SERVING_LOGIN } from './serving-role.ts';

export type EmbeddedLog = {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
};

export type EmbeddedOptions = {
  dataDir: string;
  log: EmbeddedLog;
  /** False only in tests: commits are then not forced to the disk. */
  isDurable?: boolean;
  /** How long a start may take before it counts as failed. */
  startTimeoutMs?: number;
};

export type EmbeddedPostgres = {
  /** Of the owner's role, with its password: it may do anything, so only migrations and commands use it. */
  url: string;
  /** Of the login that serves: with no right of its own, and no way to become another role than `ava_app`. */
  servingUrl: string;
  /** Whether a server that was running already is used. */
  attached: boolean;
  /** Folder of the cluster. */
  where: string;
  /** Process id of the server as it runs now. */
  pid(): number | undefined;
  /** Shuts the server down unless another AVA process uses it. */
  stop(): Promise<void>;
};

/**
 * Brings up the embedded PostgreSQL of `dataDir`, or joins the one that runs. Keeps it up, on the same port, until
 * `stop`. Throws with a remedy.
 */
export async function startEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const place = findPlace(options.dataDir);
  if (place.elsewhere) {
    options.log.info(
      { place: place.home },
      `The embedded database is kept in ${place.home}, because the user ${place.runner?.name} cannot reach ${options.dataDir}`,
    );
  }
  const binaries = await prepareBinaries(place.runner, place.home);
  const cluster = await findCluster(place, binaries, options.isDurable !== false);
  const server: Server = { place, binaries, cluster, options, port: undefined, keeper: undefined, isStopping: false };
  const attached = await bringUp(server);
  await makeDatabase(server);
  rest(server);
  return {
    url: urlOf(server, DATABASE),
    servingUrl: servingUrlOf(server),
    attached,
    where: cluster.folder,
    pid: () => findPostmaster(cluster.folder)?.pid,
    stop: () => stop(server),
  };
}

const DATABASE = 'ava';
const KEEPER = 'ava-keeper';

// The driver has both, its types do not tell.
type Keeper = Client & { ref(): void; unref(): void };

const SETTINGS_OF_TESTS = ['fsync=off', 'full_page_writes=off', 'synchronous_commit=off', 'max_connections=300'];

type Server = {
  place: Place;
  binaries: Binaries;
  cluster: Cluster;
  options: EmbeddedOptions;
  /** Once chosen it stays, so that the URL outlives a crash of the server. */
  port: number | undefined;
  /** A connection that tells every other AVA process that this one needs the server, and tells us when it dies. */
  keeper: Keeper | undefined;
  isStopping: boolean;
};

/** Resolves to whether the server was running already. */
async function bringUp(server: Server): Promise<boolean> {
  const { folder } = server.cluster;
  const deadline = performance.now() + (server.options.startTimeoutMs ?? 60_000);
  let child: ChildProcess | undefined;
  for (let waitMs = 20; performance.now() < deadline && !server.isStopping; waitMs = Math.min(waitMs * 1.5, 1_000)) {
    const running = findPostmaster(folder);
    const keeper = running && (await openKeeper(server, running.port));
    if (running && keeper) {
      server.port = running.port;
      watch(server, keeper);
      return running.pid !== child?.pid;
    }
    if (!running && (!child || child.exitCode !== null || child.signalCode !== null)) child = await tryLaunch(server);
    await delay(waitMs);
  }
  if (server.isStopping) return false;
  throw new Error(`The embedded database in ${folder} did not start:\n${lastWords(server.place.home)}`);
}

async function tryLaunch(server: Server): Promise<ChildProcess> {
  const { place, binaries, cluster, options } = server;
  clearForeignLock(cluster.folder);
  const settings = options.isDurable === false ? SETTINGS_OF_TESTS : [];
  const port = server.port ?? (await freePort());
  const child = launch({ place, program: binaries.postgres, folder: cluster.folder, port, settings });
  // A program that cannot be started at all shows itself in the time-out with PostgreSQL's last words.
  child.once('error', () => {});
  return child;
}

async function openKeeper(server: Server, port: number): Promise<Keeper | undefined> {
  const client = new Client({
    connectionString: urlOf({ ...server, port }, 'postgres'),
    application_name: KEEPER,
    connectionTimeoutMillis: 2_000,
    query_timeout: 5_000,
    keepAlive: true,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ data_directory: string }>('show data_directory');
    if (rows[0]?.data_directory === server.cluster.folder) return client as Keeper;
  } catch {
    // Starting, recovering, shutting down, or somebody else's port: the caller tries again.
  }
  await client.end().catch(() => {});
  return undefined;
}

function watch(server: Server, keeper: Keeper): void {
  server.keeper = keeper;
  keeper.once('end', () => {
    if (server.keeper === keeper && !server.isStopping) void revive(server);
  });
}

// The keeper alone must not keep a finished command from ending.
function rest(server: Server): void {
  server.keeper?.unref();
}

async function revive(server: Server): Promise<void> {
  const { log } = server.options;
  log.warn({ port: server.port }, 'The embedded database has gone away; starting it again');
  try {
    await bringUp(server);
    rest(server);
    if (!server.isStopping) log.info({ port: server.port }, 'The embedded database is back');
  } catch (error) {
    log.warn({ error: String(error) }, 'The embedded database could not be started again; still trying');
    if (!server.isStopping) void revive(server);
  }
}

// Under a lock: two copies of the template at once would each complain that the other uses it.
async function makeDatabase({ keeper, cluster }: Server): Promise<void> {
  if (!keeper) return;
  const query = (text: string) => keeper.query({ text, query_timeout: 60_000 } as { text: string });
  await query(`select pg_advisory_lock(hashtext('${DATABASE}'))`);
  const found = await query(`select from pg_database where datname = '${DATABASE}'`);
  if (found.rowCount === 0) await query(`create database ${DATABASE}`);
  await createServingLogin(keeper, servingPasswordOf(cluster));
  await query(`select pg_advisory_unlock(hashtext('${DATABASE}'))`);
}

async function stop(server: Server): Promise<void> {
  if (server.isStopping) return;
  server.isStopping = true;
  server.keeper?.ref();
  const isNeeded = await hasOtherKeepers(server);
  await server.keeper?.end().catch(() => {});
  const running = findPostmaster(server.cluster.folder);
  if (isNeeded || !running) return;
  // PostgreSQL's words for "fast" and then "immediate" shutdown.
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
    try {
      process.kill(running.pid, signal);
    } catch {
      return;
    }
    for (let waitedMs = 0; waitedMs < 20_000; waitedMs += 20) {
      if (!isPostgres(running.pid)) return;
      await delay(20);
    }
  }
}

async function hasOtherKeepers(server: Server): Promise<boolean> {
  try {
    const found = await server.keeper?.query(
      'select from pg_stat_activity where application_name = $1 and pid <> pg_backend_pid() limit 1',
      [KEEPER],
    );
    return (found?.rowCount ?? 0) > 0;
  } catch {
    return false;
  }
}

function urlOf(server: Pick<Server, 'cluster' | 'port'>, database: string): string {
  return `postgres://${OWNER}:${server.cluster.password}@127.0.0.1:${server.port}/${database}`;
}

function servingUrlOf(server: Server): string {
  const url = new URL(urlOf(server, DATABASE));
  url.username = SERVING_LOGIN;
  url.password = servingPasswordOf(server.cluster);
  return url.href;
}

// Every AVA process finds the same one, also in a cluster from before there was a login; it leads back to nothing.
function servingPasswordOf({ password }: Cluster): string {
  return createHmac('sha256', password).update(SERVING_LOGIN).digest('base64url');
}
