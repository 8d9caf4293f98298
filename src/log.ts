/**
 * JSON lines on stdout, and in LOG_FILE where set. Every line written on behalf of work carries `X-Correlation-ID`.
 */
import { statSync } from 'node:fs';
import pino, { type Logger } from 'pino';
import { currentContext } from './correlation.ts';

export type Log = Logger;

export type LogOptions = {
  level: string;
  file?: string | undefined;
  /** Where lines go beside the file; stdout by default. */
  stdout?: { write(line: string): void };
};

export type LogHandle = {
  log: Log;
  /** Opens the log file anew: after SIGHUP, or when it was rotated away. */
  reopen(): void;
  /** Writes out what waits. */
  flush(): void;
  close(): void;
};

const ROTATION_CHECK_MS = 1000;
/** How late a line may reach stdout or the file; `flush` waits for none. */
const BATCH_MS = 10;

export function createLog(options: LogOptions): LogHandle {
  const stdout =
    options.stdout === undefined
      ? inBatches(pino.destination({ dest: 1, sync: false }))
      : { ...NO_BATCH, write: options.stdout.write };
  const file = options.file === undefined ? undefined : openFile(options.file);
  const log = pino(
    {
      level: options.level,
      base: null,
      timestamp: createTimestamp(),
      formatters: { level: (label) => ({ level: label }) },
      mixin: correlated,
    },
    {
      write(line: string) {
        const safe = keepBreakerWords(line);
        stdout.write(safe);
        file?.write(safe);
      },
    },
  );
  return {
    log,
    reopen: () => file?.reopen(),
    flush: () => {
      stdout.flush();
      file?.flush();
    },
    close: () => file?.close(),
  };
}

type Batches = { write(line: string): void; flush(): void };

const NO_BATCH = { flush: () => {} };

/** One write to the system for all lines of some milliseconds: it is the dearer half of a line. */
function inBatches(stream: { write(text: string): unknown; flushSync(): void }): Batches {
  let waiting = '';
  const send = () => {
    if (waiting === '') return;
    stream.write(waiting);
    waiting = '';
  };
  return {
    write(line) {
      if (waiting === '') setTimeout(send, BATCH_MS);
      waiting += line;
    },
    flush() {
      send();
      stream.flushSync();
    },
  };
}

/** The time as a member of a line; made once for all lines of one millisecond. */
function createTimestamp(): () => string {
  let madeMs = 0;
  let text = '';
  return () => {
    const nowMs = Date.now();
    if (nowMs !== madeMs) text = `,"time":"${new Date(nowMs).toISOString()}"`;
    madeMs = nowMs;
    return text;
  };
}

function correlated(): Record<string, string> {
  const context = currentContext();
  return context === undefined ? {} : { 'X-Correlation-ID': context.correlationId };
}

const STATE_CHANGE = /"msg":"Circuit breaker \[[^\][]*\] (opening|closing): /;

/**
 * Operators count state changes with `grep "Circuit breaker.*opening\|closing"`, which matches any line with that last
 * word. In every other line (a path that a stranger asked for, a vendor's message) one letter is written as a JSON
 * escape: the parsed value is the same, and the count stays exact.
 */
function keepBreakerWords(line: string): string {
  const mentions = line.includes('closing') || line.includes('Circuit breaker');
  if (!mentions || STATE_CHANGE.test(line)) return line;
  const safe = line.replaceAll('closing', 'clos\\u0069ng');
  return safe.includes('Circuit breaker') ? safe.replaceAll('opening', 'open\\u0069ng') : safe;
}

function openFile(path: string) {
  const stream = pino.destination({ dest: path, sync: false, mkdir: true, append: true });
  // A full disk or a missing directory must not take the service down; stdout still has every line.
  stream.on('error', () => {});
  let known = inode(path);
  const watch = setInterval(() => {
    const current = inode(path);
    if (known !== undefined && current !== known) stream.reopen();
    known = inode(path) ?? current;
  }, ROTATION_CHECK_MS);
  watch.unref();
  return {
    ...inBatches(stream),
    reopen: () => stream.reopen(),
    close: () => {
      clearInterval(watch);
      stream.end();
    },
  };
}

function inode(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}
