/** What every command needs first: the settings, and a database to talk to. */
import { type Config, loadConfig } from '../config.ts';
import type { EffectiveValue } from '../config-reader.ts';
import { startEmbeddedPostgres } from '../db/embedded.ts';
import { connectDatabase, type Database } from '../db/connect.ts';
import { migrate } from '../db/migrate.ts';
import { keptSecretKey } from '../secret-key.ts';

/** Exit codes that scripts can tell apart. */
export const EXIT = { ok: 0, failed: 1, usage: 2, configuration: 78 } as const;

export type Settled = { config: Config & { secretKey: string }; effective: EffectiveValue[]; warnings: string[] };

/** Reads the settings; names every problem on stderr and ends the process when there is one. */
export function settleConfig(env: NodeJS.ProcessEnv = process.env): Settled {
  const result = loadConfig(env);
  if (!result.ok) {
    process.stderr.write(`AVA does not start: ${result.problems.length} problem(s) in the configuration.\n`);
    for (const problem of result.problems) process.stderr.write(`  - ${problem}\n`);
    for (const warning of result.warnings) process.stderr.write(`  ? ${warning}\n`);
    process.exit(EXIT.configuration);
  }
  const secretKey = result.config.secretKey ?? keptSecretKey(result.config.dataDir);
  return { config: { ...result.config, secretKey }, effective: result.effective, warnings: result.warnings };
}

export type Opened = { db: Database; url: string; embedded: boolean; close(): Promise<void> };

const QUIET = { info: () => {}, warn: () => {} };

/** Where the database is: DATABASE_URL, or the embedded one, started or joined. */
export async function findDatabase(config: Config, log: Parameters<typeof startEmbeddedPostgres>[0]['log'] = QUIET) {
  if (config.databaseUrl !== undefined) return { url: config.databaseUrl, embedded: false, stop: async () => {} };
  const embedded = await startEmbeddedPostgres({ dataDir: config.dataDir, log });
  return { url: embedded.url, embedded: true, stop: () => embedded.stop() };
}

/** Opens the database for a command that does its work and leaves. */
export async function openDatabase(config: Config): Promise<Opened> {
  const found = await findDatabase(config);
  // As the server does: nobody has to know about migrations to use the embedded database.
  if (found.embedded) await migrate({ url: found.url, log: QUIET });
  const db = connectDatabase({ url: found.url, applicationName: 'ava-command', maxConnections: 4, role: 'ava_app' });
  return {
    db,
    url: found.url,
    embedded: found.embedded,
    async close() {
      await db.close();
      await found.stop();
    },
  };
}
