/**
 * Under which address this replica had the vendors told to reach AVA. After a changed PUBLIC_URL they are told at the
 * start instead of at the next round: until then their webhooks go to where nobody is any more.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

const NAME = 'told-address';

export function createAddressMark({ dataDir, publicUrl }: { dataDir: string; publicUrl: string }) {
  const file = path.join(dataDir, NAME);
  return {
    /** Has them told where the address is another one than the last time; a replica without a disk of its own does so at each start. */
    async tellIfMoved(tell: () => Promise<unknown>): Promise<void> {
      const told = await readFile(file, 'utf8').catch(() => undefined);
      if (told === publicUrl) return;
      await tell();
      await mkdir(dataDir, { recursive: true });
      await writeFile(file, publicUrl);
    },
  };
}
