/**
 * The file of a backup: a compressed row of frames, each with its kind and length, sealed at the end by the hash of all
 * before. A file that was cut short or changed is recognised before anything of it is kept.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';

export type Manifest = {
  format: 1;
  madeAt: string;
  migrations: string[];
  /** The partitions of the tables that are kept by month; missing in backups from before there were any. */
  months?: Record<string, number[]>;
};

/** A table follows with its rows; or the positions of the counters. */
export type Section =
  | { kind: 'table'; name: string; columns: string[] }
  | { kind: 'sequences'; values: { name: string; last: string; isCalled: boolean }[] };

export type FrameWriter = {
  manifest(manifest: Manifest): Promise<void>;
  section(section: Section): Promise<void>;
  data(chunk: Buffer): Promise<void>;
  /** Seals the file and resolves when `out` has it all. */
  end(): Promise<void>;
};

const MAGIC = 'AVA-BACKUP';
const KINDS = { manifest: 1, section: 2, data: 3, seal: 4 } as const;
const HEADER_BYTES = 5;
const LARGEST_FRAME_BYTES = 1 << 30;

export function createFrameWriter(out: Writable): FrameWriter {
  const gzip = createGzip({ level: 1 });
  const done = pipeline(gzip, out);
  done.catch(() => {});
  const hash = createHash('sha256');
  const write = async (kind: number, payload: Buffer): Promise<void> => {
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt8(kind, 0);
    header.writeUInt32BE(payload.length, 1);
    hash.update(header).update(payload);
    gzip.write(header);
    if (!gzip.write(payload)) await Promise.race([once(gzip, 'drain'), done]);
  };
  const json = (value: object): Buffer => Buffer.from(JSON.stringify(value));
  return {
    manifest: (manifest) => write(KINDS.manifest, json({ magic: MAGIC, ...manifest })),
    section: (section) => write(KINDS.section, json(section)),
    data: (chunk) => write(KINDS.data, chunk),
    async end() {
      await write(KINDS.seal, hash.copy().digest());
      gzip.end();
      await done;
    },
  };
}

export type Frame =
  | { kind: 'manifest'; manifest: Manifest }
  | { kind: 'section'; section: Section }
  | { kind: 'data'; chunk: Buffer }
  | { kind: 'end' };

/** Reads a backup frame by frame. Throws with what is wrong; `end` comes only when the seal is right. */
export async function* readFrames(input: Readable): AsyncGenerator<Frame, void> {
  const hash = createHash('sha256');
  const source = input.pipe(createGunzip());
  input.once('error', (error) => source.destroy(error));
  let isSealed = false;
  for await (const { header, payload } of splitFrames(source)) {
    const kind = header.readUInt8(0);
    if (kind === KINDS.seal) {
      if (!hash.digest().equals(payload)) throw new Error('The backup has been changed: its seal does not fit.');
      isSealed = true;
      yield { kind: 'end' };
      return;
    }
    hash.update(header).update(payload);
    if (kind === KINDS.data) yield { kind: 'data', chunk: payload };
    else if (kind === KINDS.section) yield { kind: 'section', section: JSON.parse(payload.toString()) as Section };
    else yield { kind: 'manifest', manifest: readManifest(payload) };
  }
  if (!isSealed) throw new Error('The backup is incomplete: it ends before its seal.');
}

function readManifest(payload: Buffer): Manifest {
  const { magic, ...manifest } = JSON.parse(payload.toString()) as Manifest & { magic: string };
  if (magic !== MAGIC || manifest.format !== 1) throw new Error('This is not a backup that this AVA can read.');
  return manifest;
}

async function* splitFrames(source: AsyncIterable<Buffer>): AsyncGenerator<{ header: Buffer; payload: Buffer }> {
  let parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of guarded(source)) {
    parts.push(chunk);
    size += chunk.length;
    let buffer: Buffer | undefined;
    for (;;) {
      if (size < HEADER_BYTES) break;
      buffer ??= Buffer.concat(parts);
      const length = buffer.readUInt32BE(1);
      if (length > LARGEST_FRAME_BYTES) throw new Error('This is not a backup that this AVA can read.');
      if (size < HEADER_BYTES + length) break;
      yield { header: buffer.subarray(0, HEADER_BYTES), payload: buffer.subarray(HEADER_BYTES, HEADER_BYTES + length) };
      buffer = buffer.subarray(HEADER_BYTES + length);
      size = buffer.length;
    }
    if (buffer) parts = [buffer];
  }
}

async function* guarded(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* source;
  } catch (cause) {
    throw new Error('The backup is incomplete or damaged: it cannot be unpacked to its end.', { cause });
  }
}
