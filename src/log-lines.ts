/**
 * Where log lines go: a file or stdout. What cannot be written waits, up to a limit, and then the newest lines are left
 * out: neither a full disk nor a reader that has stopped reading may hold up the service, fill its memory, or keep it
 * from ending.
 */
import { closeSync, mkdirSync, openSync, statSync, write, writeSync } from 'node:fs';
import path from 'node:path';

export type Lines = {
  write(line: string): void;
  /** Writes out what waits, at once; gives up where that is not possible. */
  flush(): void;
};

export type FileLines = Lines & { reopen(): void; close(): void };

/** How late a line may be; `flush` waits for none. One write for all lines of some milliseconds: it is the dearer half. */
const BATCH_MS = 10;
const MOST_WAITING = 4 * 1024 * 1024;
const TRY_AGAIN_MS = 250;
const ROTATION_CHECK_MS = 1000;
/** A pipe that is full for the moment, when the process ends. */
const FLUSH_TRIES = 50;
const FLUSH_PAUSE_MS = 10;

/** Where lines are to be written just now; `settled` is called whenever nothing is being written any more. */
export type Outlet = { fd(): number | undefined; settled?(): void };

export function linesTo({ fd: currentFd, settled = () => {} }: Outlet): Lines & { isWriting(): boolean } {
  let waiting = '';
  let left = Buffer.alloc(0);
  let state: 'idle' | 'due' | 'writing' | 'over' = 'idle';
  let leftOut = 0;

  const plan = (ms: number) => {
    state = 'due';
    setTimeout(send, ms);
  };
  const take = () => {
    if (leftOut > 0) waiting += sayLeftOut(leftOut);
    leftOut = 0;
    left = Buffer.concat([left, Buffer.from(waiting)]);
    waiting = '';
  };
  function send(): void {
    const fd = currentFd();
    if (fd === undefined) return plan(TRY_AGAIN_MS);
    if (left.length === 0) take();
    if (left.length === 0) return void (state = 'idle');
    state = 'writing';
    write(fd, left, (error, written) => {
      state = error?.code === 'EPIPE' ? 'over' : 'idle';
      settled();
      if (state === 'over') return;
      left = left.subarray(error ? 0 : written);
      if (error) plan(error.code === 'EAGAIN' ? BATCH_MS : TRY_AGAIN_MS);
      else if (left.length > 0) plan(0);
      else if (waiting !== '') plan(BATCH_MS);
    });
  }

  return {
    isWriting: () => state === 'writing',
    write(line) {
      if (state === 'over') return;
      if (waiting.length + line.length > MOST_WAITING) return void (leftOut += 1);
      waiting += line;
      if (state === 'idle') plan(BATCH_MS);
    },
    flush() {
      const fd = currentFd();
      if (fd === undefined || state === 'over') return;
      // What is being written just now is with the system already.
      if (state !== 'writing') take();
      writeNow(fd, state === 'writing' ? Buffer.from(waiting) : left);
      waiting = '';
      if (state !== 'writing') left = Buffer.alloc(0);
    },
  };
}

function sayLeftOut(lines: number): string {
  const msg = 'Log lines were left out: they could not be written for too long';
  return `${JSON.stringify({ level: 'warn', time: new Date(), lines, msg })}\n`;
}

function writeNow(fd: number, given: Buffer): void {
  let rest = given;
  for (let tries = 0; rest.length > 0 && tries < FLUSH_TRIES; tries += 1) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FLUSH_PAUSE_MS);
    }
  }
}

/** Appends to a file, and opens it anew when it was rotated away; while that fails, lines wait and it is tried again. */
export function linesToFile(file: string): FileLines {
  let fd: number | undefined;
  let known: number | undefined;
  const retired: number[] = [];
  // Not while something is written to it: its number could be a socket's by then.
  const closeRetired = () => {
    for (const old of retired.splice(0)) closeQuietly(old);
  };
  const lines = linesTo({ fd: () => fd, settled: closeRetired });
  const reopen = () => {
    const next = open(file);
    if (next === undefined) return;
    if (fd !== undefined) retired.push(fd);
    fd = next;
    known = inode(file);
    if (!lines.isWriting()) closeRetired();
  };
  reopen();
  const watch = setInterval(() => {
    if (fd === undefined || inode(file) !== known) reopen();
  }, ROTATION_CHECK_MS);
  watch.unref();
  return {
    write: lines.write,
    flush: lines.flush,
    reopen,
    close() {
      clearInterval(watch);
      lines.flush();
      if (fd !== undefined) retired.push(fd);
      fd = undefined;
      if (!lines.isWriting()) closeRetired();
    },
  };
}

function open(file: string): number | undefined {
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    return openSync(file, 'a');
  } catch {
    return undefined;
  }
}

function inode(file: string): number | undefined {
  try {
    return statSync(file).ino;
  } catch {
    return undefined;
  }
}

function closeQuietly(fd: number): void {
  try {
    closeSync(fd);
  } catch {
    // It is gone already.
  }
}
