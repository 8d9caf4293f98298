/**
 * What a ringing call has to leave behind while the database is away: written and flushed to a file, and brought to the
 * ledger when the database answers again. Only calls may do this; other webhooks are repeated by their sender.
 */
import { mkdir, open, readdir, readFile, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { IncomingEvent } from './event.ts';

export type Spool = {
  /** Resolves when the message is on this machine's disk. */
  add(event: IncomingEvent): Promise<void>;
  /** Hands every message to `keep` and forgets those that it kept; resolves to how many. */
  drain(keep: (event: IncomingEvent) => Promise<void>): Promise<number>;
};

const FILE = /^\d+-[\w-]+\.json$/;

export function createSpool(options: { dir: string; name(): string }): Spool {
  return {
    async add(event) {
      await mkdir(options.dir, { recursive: true });
      const path = join(options.dir, `${event.receivedAt.getTime()}-${options.name()}.json`);
      const file = await open(`${path}.tmp`, 'w', 0o600);
      try {
        await file.writeFile(JSON.stringify(event));
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(`${path}.tmp`, path);
    },
    async drain(keep) {
      const files = (await readdir(options.dir).catch(() => [])).filter((name) => FILE.test(name)).sort();
      for (const name of files) {
        const path = join(options.dir, name);
        const event = JSON.parse(await readFile(path, 'utf8')) as IncomingEvent;
        await keep({ ...event, receivedAt: new Date(event.receivedAt) });
        await unlink(path);
      }
      return files.length;
    },
  };
}
