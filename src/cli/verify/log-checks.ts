/** What an operator greps for in the log, line by line of the guide; skipped where no log is at hand. */
import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Evidence } from '../../features/releases/contract.ts';
import type { VerifyContext, VerifyOptions } from './context.ts';
import { isWhole, type LogLine, readLog, requestLines } from './log-file.ts';
import { readPage } from './metrics-page.ts';
import { CheckFailed, must, skip } from './run.ts';
import { type Said, say } from './say.ts';

type Note = (evidence: Evidence) => void;

/** A start takes as long as its migrations; a process that began long before its log is another one. */
const START_MS = 10 * 60_000;

const ROTATED = say`This log does not reach back to the start any more: it was rotated. Pass the file that does.`;

/** The log may be a moment behind what was answered. */
const TURNS = 5;
const PAUSE_MS = 100;

/** R4: what answers is the process that the log tells of last, and /healthz does not hide a restart. */
export async function startInLog({ probe, options }: VerifyContext, note: Note): Promise<Said> {
  const lines = readLog(options);
  const [begun] = lines;
  if (begun === undefined || !isWhole(lines)) skip(ROTATED);
  note({ log: begun.raw.slice(0, 4000) });
  const health = await probe.ask('GET', '/healthz');
  const [loggedAt, startedAt] = [String(begun.fields['time']), String(health.json?.started_at)];
  const apartMs = Date.parse(loggedAt) - Date.parse(startedAt);
  must(
    apartMs > -START_MS && apartMs < START_MS,
    say`/healthz says that it started at ${startedAt}, the log at ${loggedAt}: another process answers, or it hides a restart.`,
  );
  return say`Started at ${startedAt}, as the log says.`;
}

export async function breakerLine({ options }: VerifyContext): Promise<Said> {
  const lines = readLog(options).filter(({ raw }) => /Circuit breaker \[[^\][]+\] initialised/.test(raw));
  for (const upstream of ['vapi', 'twilio']) {
    must(
      lines.some(({ raw }) => raw.includes(`[${upstream}]`)),
      say`No line tells that the breaker of ${upstream} began.`,
    );
  }
  return say`${lines.length} breakers initialised.`;
}

export async function idInLog({ probe, options }: VerifyContext, note: Note): Promise<Said> {
  readLog(options);
  const id = `verify-${randomBytes(6).toString('hex')}`;
  await probe.ask('GET', '/healthz', { headers: { 'X-Correlation-ID': id } });
  // The line is written once the answer has left.
  for (let turn = 1; turn <= TURNS * 4; turn += 1) {
    const found = readLog(options).filter(({ raw }) => raw.includes(id));
    if (found.length > 0) {
      note({ log: found[0]!.raw.slice(0, 4000) });
      must(
        found.every(({ fields }) => fields['X-Correlation-ID'] === id),
        say`A line has the id in another member.`,
      );
      return say`grep ${id} finds ${found.length} line(s).`;
    }
    await wait(PAUSE_MS);
  }
  throw new CheckFailed(say`grep ${id} finds nothing in the log.`);
}

/** What `grep "Circuit breaker.*opening\|closing"` counts. */
function isCounted(line: string): boolean {
  const words = line.indexOf('Circuit breaker');
  return line.includes('closing') || (words >= 0 && line.includes('opening', words));
}

export async function breakerLog(context: VerifyContext, note: Note): Promise<Said> {
  for (let turn = 1; ; turn += 1) {
    const lines = readLog(context.options);
    const changes = lines.filter(({ raw }) => isCounted(raw));
    const odd = changes.find(({ raw }) => !/"msg":"Circuit breaker \[[^\][]+\] (opening|closing): /.test(raw));
    must(odd === undefined, say`A line that is no change of state matches the grep: ${odd?.raw.slice(0, 200)}`);
    if (!isWhole(lines)) skip(ROTATED);
    const metrics = await readPage(context);
    const counted = metrics.sum('circuit_breaker_opens_total') + metrics.sum('circuit_breaker_closes_total');
    // A circuit may have changed between the two looks.
    if (changes.length !== counted && turn < TURNS) {
      await wait(PAUSE_MS);
      continue;
    }
    note({ metric: `opens + closes = ${counted}` });
    must(
      changes.length === counted,
      say`The log has ${changes.length} changes of state, the metrics count ${counted}.`,
    );
    return say`${changes.length} changes of state in the log, as many in the metrics.`;
  }
}

export async function logIds({ options }: VerifyContext): Promise<Said> {
  const lines = requestLines(readLog(options));
  must(lines.length > 0, say`The log has no line of a request.`);
  const without = lines.filter(({ fields }) => typeof fields['X-Correlation-ID'] !== 'string');
  must(without.length === 0, say`${without.length} of ${lines.length} request lines have no X-Correlation-ID.`);
  return say`All ${lines.length} request lines have their X-Correlation-ID.`;
}

/** Below this many requests a share of one in a thousand says nothing. */
const ENOUGH_FOR_SHARES = 1000;

export async function limitLog(context: VerifyContext): Promise<Said> {
  const metrics = await readPage(context);
  const refused = metrics.sum('rate_limit_rejections_total');
  const lines = readLog(context.options);
  const told = lines.filter(({ fields }) => String(fields['msg']).endsWith(' 429 Too Many Requests'));
  if (!isWhole(lines)) skip(ROTATED);
  must(told.length >= refused, say`${refused} requests were refused, the log has ${told.length} lines of it.`);
  const real = metrics.sum('http_request_duration_seconds_count', { traffic: 'real' });
  if (real < ENOUGH_FOR_SHARES) return say`${told.length} lines; ${real} requests of people are too few for a share.`;
  const share = metrics.sum('rate_limit_rejections_total', { traffic: 'real' }) / real;
  must(share < 0.001, say`${(share * 100).toFixed(2)} % of the requests of people were refused; 0.1 % is the target.`);
  return say`${told.length} lines; ${(share * 100).toFixed(3)} % of the requests of people were refused.`;
}

/** Below this many look-ups of a client the share of those used again says nothing. */
export const ENOUGH_LOOK_UPS = 20;

/** What `grep "Twilio.*cached"` says of as many look-ups. */
export function reuseInLog(options: VerifyOptions, lookUps: number): Said {
  const lines = readLog(options);
  const count = (words: string) => lines.filter(({ fields }: LogLine) => fields['msg'] === words).length;
  const cached = count('Twilio client cached');
  const all = cached + count('Twilio client created');
  // The newest lines may be on their way.
  const isTold = !isWhole(lines) || all >= lookUps * 0.9;
  must(isTold, say`${lookUps} clients were looked up, the log has ${all} lines of it.`);
  if (all < ENOUGH_LOOK_UPS) return [];
  must(
    cached / all > 0.9,
    say`In the log ${((cached / all) * 100).toFixed(1)} % of the Twilio clients were used again.`,
  );
  return say`${cached} of ${all} lines in the log say the same.`;
}
