/** The last known routing on disk: written whole, beside, and then put in place, so that it is never half there. */
import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Log } from '../../log.ts';
import type { NumberRouting } from './number-routing.ts';

const FORMAT = 1;

export async function writeRoutingFile(path: string, numbers: NumberRouting[]): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}.${randomUUID()}.tmp`;
  const file = await open(draft, 'w', 0o600);
  try {
    await file.writeFile(JSON.stringify({ format: FORMAT, numbers }));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path).catch(async (error: unknown) => {
    await unlink(draft).catch(() => {});
    throw error;
  });
}

/** Nothing where there is no file yet, or none that can be read. */
export async function readRoutingFile(path: string, log: Log): Promise<NumberRouting[]> {
  try {
    const { format, numbers } = JSON.parse(await readFile(path, 'utf8')) as {
      format: number;
      numbers: NumberRouting[];
    };
    return format === FORMAT && Array.isArray(numbers) ? numbers : [];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      log.warn({ err: error, file: path }, 'The last known routing on disk cannot be read');
    }
    return [];
  }
}
