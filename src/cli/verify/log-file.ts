/** Reads the server's log as an operator's grep does: line by line, since the process that runs now began. */
import { existsSync, readFileSync } from 'node:fs';
import type { VerifyOptions } from './context.ts';
import { CheckFailed, must, skip } from './run.ts';
import { say } from './say.ts';

export type LogLine = { raw: string; fields: Record<string, unknown> };

/** Skips the check where no log was given; fails it where a line is not one JSON object. */
export function readLog({ logFile }: VerifyOptions): LogLine[] {
  if (logFile === undefined) skip(say`The server's log is not at hand: pass --log FILE.`);
  must(existsSync(logFile), say`There is no file ${logFile}.`);
  const lines = readFileSync(logFile, 'utf8').split('\n').filter(Boolean).map(parsedLine);
  const start = lines.findLastIndex(isStart);
  return start < 0 ? lines : lines.slice(start);
}

/** Whether the log reaches back to the start of the process, so that its lines can be held against counters. */
export function isWhole(lines: LogLine[]): boolean {
  return lines[0] !== undefined && isStart(lines[0]);
}

function isStart({ fields }: LogLine): boolean {
  return fields['msg'] === 'Effective configuration';
}

/** The lines of finished requests. */
export function requestLines(lines: LogLine[]): LogLine[] {
  return lines.filter(({ fields }) => typeof fields['method'] === 'string' && typeof fields['status'] === 'number');
}

function parsedLine(raw: string): LogLine {
  try {
    return { raw, fields: JSON.parse(raw) as Record<string, unknown> };
  } catch {
    throw new CheckFailed(say`A log line is not one JSON object: ${raw.slice(0, 200)}`);
  }
}
