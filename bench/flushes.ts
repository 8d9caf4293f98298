/** How many times a second the disk takes a write and says that it is safe: what bounds everything that is acknowledged. */
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import path from 'node:path';

const PROBE_MS = 2_000;
const PAGE = Buffer.alloc(8_192);

export function measureFlushes(folder: string): number {
  const file = openSync(path.join(folder, 'flush-probe'), 'w');
  const startedMs = performance.now();
  let count = 0;
  for (; performance.now() - startedMs < PROBE_MS; count += 1) {
    writeSync(file, PAGE, 0, PAGE.length, 0);
    fdatasyncSync(file);
  }
  closeSync(file);
  return count / (PROBE_MS / 1000);
}
