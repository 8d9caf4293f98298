/** A database of its own for a test file, on the one PostgreSQL of the test run, copied from a migrated template. */
import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { inject } from 'vitest';
import { connectDatabase, type Database } from '../../src/db/connect.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/db/embedded.ts';
import { migrate } from '../../src/db/migrate.ts';

export type TestDatabase = {
  /** Of the owner's role, who migrates. */
  url: string;
  /** As AVA serves on the embedded database: a login without rights that becomes `ava_app`. */
  database: Database;
  /** Closes `database` and removes it all. */
  drop(): Promise<void>;
};

export type TestDatabaseOptions = {
  maxConnections?: number;
  /** An empty database, for tests of the migrations themselves; `database` then works only after `migrate`. */
  isEmpty?: boolean;
};

export async function createTestDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const server = await (postgres ??= start());
  const name = `test_${randomBytes(6).toString('hex')}`;
  const template = options.isEmpty ? 'template0' : TEMPLATE;
  await asOwner(server.url, (client) => client.query(`create database ${name} template ${template}`));
  const url = urlFor(server.url, name);
  const database = connectDatabase({
    url: urlFor(server.servingUrl, name),
    applicationName: 'ava-test',
    role: 'ava_app',
    maxConnections: options.maxConnections ?? 12,
  });
  return {
    url,
    database,
    async drop() {
      await database.close();
      await asOwner(server.url, (client) => client.query(`drop database if exists ${name} with (force)`));
    },
  };
}

const TEMPLATE = 'ava_template';
const silent = { info: () => {}, warn: () => {} };
let postgres: ReturnType<typeof start> | undefined;

async function start(): Promise<Pick<EmbeddedPostgres, 'url' | 'servingUrl'>> {
  const given = inject('postgresqlUrl');
  if (given) {
    await asOwner(given, (client) => makeTemplate(client, given));
    return { url: given, servingUrl: given };
  }
  const server = await startEmbeddedPostgres({ dataDir: inject('testRunDir'), log: silent, isDurable: false });
  await asOwner(server.url, (client) => makeTemplate(client, server.url));
  return server;
}

// Several test files start at once; the first one makes the template, the others wait for it.
async function makeTemplate(client: Client, url: string): Promise<void> {
  await client.query(`select pg_advisory_lock(hashtext('${TEMPLATE}'))`);
  const found = await client.query('select from pg_database where datname = $1', [TEMPLATE]);
  if (found.rowCount !== 0) return;
  const draft = `${TEMPLATE}_draft`;
  await client.query(`drop database if exists ${draft} with (force)`);
  await client.query(`create database ${draft} template template0`);
  await migrate({ url: urlFor(url, draft), log: silent });
  await client.query(`alter database ${draft} rename to ${TEMPLATE}`);
}

async function asOwner<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function urlFor(serverUrl: string, database: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  return url.href;
}
