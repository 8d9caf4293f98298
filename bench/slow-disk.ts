/**
 * A disk of a known speed: this process, and whatever it starts from then on, joins a control group that may write only so
 * often a second. What decides is measured inside the group, never assumed: a flush costs more than one write.
 */
import { mkdirSync, readdirSync, readFileSync, realpathSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { measureFlushes } from './flushes.ts';

export type SlowDisk = {
  /** Lets the disk take `wanted` flushes a second, as near as it can be had; resolves to how many it takes. */
  hold(wanted: number): Promise<number>;
  free(): void;
  /** Once everything that was started has ended. */
  leave(): Promise<void>;
};

/** Text where it cannot be done here, saying why. */
export function joinSlowDisk(folder: string): SlowDisk | string {
  try {
    const kind = KINDS.find(({ root, sign }) => readdirSync(root).includes(sign));
    if (kind === undefined) return 'there is no control group for block devices';
    return join(kind, folder);
  } catch (error) {
    return (error as Error).message;
  }
}

/** So many a disk of the kind took that AVA's figures are meant for; today's are faster by far. */
export const SLOW_FLUSHES = 272;

type Kind = { root: string; sign: string; file: string; order(device: string, perSecond: number): string };

const VERSION_1 = '/sys/fs/cgroup/blkio';
const VERSION_2 = '/sys/fs/cgroup';
const PREFIX = 'ava-bench-';
const FREE = 0;
const TRIES = 4;
const NEAR = 0.15;
const LONGEST_LEAVE_MS = 5_000;

const KINDS: Kind[] = [
  {
    root: existing(VERSION_1),
    sign: 'blkio.throttle.write_iops_device',
    file: 'blkio.throttle.write_iops_device',
    order: (device, perSecond) => `${device} ${perSecond}`,
  },
  {
    root: existing(VERSION_2),
    sign: 'cgroup.subtree_control',
    file: 'io.max',
    order: (device, perSecond) => `${device} wiops=${perSecond === FREE ? 'max' : perSecond}`,
  },
];

function existing(folder: string): string {
  return statSync(folder, { throwIfNoEntry: false }) === undefined ? '/' : folder;
}

function join({ root, file, order }: Kind, folder: string): SlowDisk {
  const device = diskOf(folder);
  const group = path.join(root, `${PREFIX}${process.pid}`);
  sweep(root);
  if (file === 'io.max') writeFileSync(path.join(root, 'cgroup.subtree_control'), '+io');
  mkdirSync(group);
  const limit = (perSecond: number) => writeFileSync(path.join(group, file), order(device, perSecond));
  try {
    limit(FREE);
    writeFileSync(path.join(group, 'cgroup.procs'), String(process.pid));
  } catch (error) {
    rmdirSync(group);
    throw error;
  }
  return {
    hold: (wanted) => approach(wanted, { limit, measure: () => measureFlushes(folder) }),
    free: () => limit(FREE),
    async leave() {
      limit(FREE);
      writeFileSync(path.join(root, 'cgroup.procs'), String(process.pid));
      await removeOnceEmpty(group);
    },
  };
}

/** Writes that a flush costs differ between file systems, so the limit is set by what it brings. */
async function approach(wanted: number, disk: { limit(perSecond: number): void; measure(): number }): Promise<number> {
  let writes = wanted;
  for (let left = TRIES; ; left -= 1) {
    disk.limit(Math.round(writes));
    const flushes = disk.measure();
    if (Math.abs(flushes / wanted - 1) < NEAR || left === 1) return flushes;
    writes *= wanted / flushes;
  }
}

/** The whole disk that holds `folder`: a limit on a partition is refused. */
function diskOf(folder: string): string {
  const { dev } = statSync(folder, { bigint: true });
  const [major, minor] = [(dev >> 8n) & 0xfffn, (dev & 0xffn) | ((dev >> 12n) & 0xfff00n)];
  const place = realpathSync(`/sys/dev/block/${major}:${minor}`);
  const isPartition = statSync(path.join(place, 'partition'), { throwIfNoEntry: false }) !== undefined;
  return readFileSync(path.join(place, isPartition ? '../dev' : 'dev'), 'utf8').trim();
}

/** What a bench left that was killed. */
function sweep(root: string): void {
  for (const name of readdirSync(root).filter((one) => one.startsWith(PREFIX))) {
    const isEmpty = readFileSync(path.join(root, name, 'cgroup.procs'), 'utf8') === '';
    if (isEmpty) rmdirSync(path.join(root, name));
  }
}

async function removeOnceEmpty(group: string): Promise<void> {
  const untilMs = performance.now() + LONGEST_LEAVE_MS;
  while (readFileSync(path.join(group, 'cgroup.procs'), 'utf8') !== '' && performance.now() < untilMs) await wait(50);
  rmdirSync(group);
}
