/** An empty database to try migrations in: on the same server where the role may make one, else on an embedded one. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../embedded.ts';

/** No empty database could be made; the message says what is missing. */
export class NoScratchDatabase extends Error {}

/** Runs `work` on the URL of a new, empty database, and removes it. Throws `NoScratchDatabase`. */
export async function withScratchDatabase<T>(url: string, work: (scratchUrl: string) => Promise<T>): Promise<T> {
  const owner = new Client({ connectionString: url, connectionTimeoutMillis: 5_000, query_timeout: 60_000 });
  await owner.connect();
  try {
    const name = `ava_check_${randomBytes(6).toString('hex')}`;
    const made = await owner.query(`create database ${name} template template0`).then(
      () => true,
      (error: { code?: string }) => {
        if (error.code === NOT_ALLOWED) return false;
        throw error;
      },
    );
    if (!made) return await withEmbedded(work);
    try {
      const scratch = new URL(url);
      scratch.pathname = `/${name}`;
      return await work(scratch.href);
    } finally {
      await owner.query(`drop database if exists ${name} with (force)`);
    }
  } finally {
    await owner.end();
  }
}

const NOT_ALLOWED = '42501';

async function withEmbedded<T>(work: (url: string) => Promise<T>): Promise<T> {
  const { embedded, dataDir } = await startThrowaway();
  try {
    return await work(embedded.url);
  } finally {
    await embedded.stop();
    rmSync(path.dirname(embedded.where), { recursive: true, force: true });
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function startThrowaway(): Promise<{ embedded: EmbeddedPostgres; dataDir: string }> {
  try {
    const dataDir = mkdtempSync(path.join(tmpdir(), 'ava-check-'));
    const log = { info: () => {}, warn: () => {} };
    return { dataDir, embedded: await startEmbeddedPostgres({ dataDir, log, isDurable: false }) };
  } catch (cause) {
    // An image without the embedded PostgreSQL, or without a folder to write to.
    throw new NoScratchDatabase(
      'The migrations could not be tried: the role of DATABASE_URL may not create a database, and no embedded PostgreSQL starts here.',
      { cause },
    );
  }
}
