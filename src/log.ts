/**
 * JSON lines on stdout, and in LOG_FILE where set. Every line written on behalf of work carries `X-Correlation-ID`.
 */
import pino, { type Logger } from 'pino';
import { currentContext } from './correlation.ts';
import { linesTo, linesToFile } from './log-lines.ts';

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

const STDOUT = 1;

export function createLog(options: LogOptions): LogHandle {
  const stdout =
    options.stdout === undefined ? linesTo({ fd: () => STDOUT }) : { write: options.stdout.write, flush: () => {} };
  const file = options.file === undefined ? undefined : linesToFile(options.file);
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
