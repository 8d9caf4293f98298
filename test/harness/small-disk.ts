/** A disk of its own in memory that can be full at once, for tests of what happens then. */
import { spawnSync } from 'node:child_process';
import { appendFileSync, chmodSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export type SmallDisk = {
  dir: string;
  /** Not a byte more fits. */
  fill(): void;
  free(): void;
  close(): void;
};

const ROOMY_KB = 1024 * 1024;
const SPARE_KB = 256 * 1024;

/** Undefined where this process may not mount; then the test is skipped. */
export function mountSmallDisk(): SmallDisk | undefined {
  const dir = mkdtempSync(path.join(tmpdir(), 'ava-small-disk-'));
  if (!mount('-t', 'tmpfs', '-o', `size=${ROOMY_KB}k,mode=755`, 'tmpfs', dir)) {
    rmSync(dir, { recursive: true });
    return undefined;
  }
  chmodSync(dir, 0o755);
  const usedKb = () => {
    const { blocks, bfree, bsize } = statfsSync(dir);
    return ((blocks - bfree) * bsize) / 1024;
  };
  // Whoever writes meanwhile makes the wanted size too small.
  const resize = (spareKb: number) => {
    for (let tries = 0; !mount('-o', `remount,size=${usedKb() + spareKb + tries * 64}k`, dir); tries += 1)
      if (tries === 100) throw new Error(`${dir} could not be resized`);
  };
  return {
    dir,
    // Zero would mean without a limit.
    fill() {
      resize(4);
      useUp(path.join(dir, 'filler'));
    },
    free: () => resize(SPARE_KB),
    close() {
      spawnSync('umount', ['-l', dir]);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function useUp(file: string): void {
  try {
    for (;;) appendFileSync(file, 'x'.repeat(4_096));
  } catch {
    // Full.
  }
}

function mount(...args: string[]): boolean {
  return process.platform === 'linux' && spawnSync('mount', args).status === 0;
}
