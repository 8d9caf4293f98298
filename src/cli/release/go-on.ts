/** Carries a release out to its end, its hold or its interruption, and says how it went. */
import { writeFileSync } from 'node:fs';
import { EXIT } from '../settle.ts';
import { carryOut, Interrupted, turnRed } from './engine.ts';
import type { Journal, JournalFile } from './journal.ts';
import type { ReleaseGiven } from './options.ts';
import { shownPlan } from './plan.ts';
import type { ReleaseRecord } from './record.ts';
import { releaseHtml } from './report-html.ts';
import { tokenOf } from './options.ts';
import { createTools, seeBefore } from './tools.ts';
import { secondsBetween, standing } from './words.ts';

const EXIT_HOLD = 3;
const EXIT_INTERRUPTED = 130;

type Going = {
  file: JournalFile;
  record: ReleaseRecord;
  given: ReleaseGiven;
  /** Why it is rolled back by hand. */
  rollback?: string | undefined;
};

export async function goOn(journal: Journal, { file, record, given, rollback }: Going): Promise<void> {
  const { metricsToken } = given;
  const interruption = new AbortController();
  const interrupt = () => {
    if (interruption.signal.aborted) process.exit(EXIT_INTERRUPTED);
    process.stderr.write('Interrupted: the step that is under way is finished first. Once more to leave at once.\n');
    interruption.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, interrupt);
  const say = (line: string) => void (given.json ? undefined : process.stdout.write(`${line}\n`));
  const options = { journal, file, record, token: tokenOf(given), metricsToken, signal: interruption.signal, say };
  const tools = createTools(options);
  const beat = setInterval(() => record.follow(journal), 15_000);
  try {
    file.keep(journal);
    if (journal.plan.kind === 'release') journal.watch ??= await seeBefore(journal.plan, metricsToken, tools.now());
    if (rollback !== undefined && journal.plan.kind === 'release' && journal.ending === undefined)
      turnRed(journal, tools, rollback);
    if (journal.ending === undefined) await carryOut(journal, tools);
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
  } finally {
    clearInterval(beat);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, interrupt);
  }
  const isTold = await tellRecord(journal, { file, record });
  report(journal, given);
  if (journal.ending !== undefined && isTold) file.put();
}

/** Whether the record knows; what it does not know stays in the file, to be told by the next run. */
async function tellRecord(journal: Journal, { file, record }: Pick<Going, 'file' | 'record'>): Promise<boolean> {
  const problem = await record.close(journal);
  file.keep(journal);
  if (problem === undefined) return true;
  process.stderr.write(`ava: the release record could not be told: ${problem}. \`ava release --resume\` tells it.\n`);
  return false;
}

function report(journal: Journal, given: ReleaseGiven): void {
  const { ending, phase, red, returnedAt, plan, criteria } = journal;
  if (given.html !== undefined) writeFileSync(given.html, releaseHtml(journal));
  const state = ending?.state ?? (phase === 'holding' ? 'holding' : 'interrupted');
  const text = ending?.reason ?? standing(journal);
  if (given.json) {
    const back = red !== undefined && returnedAt !== undefined ? Date.parse(returnedAt) - Date.parse(red.at) : null;
    const data = {
      ...{ state, reason: text, version: plan.build.version, previous_version: plan.from.version },
      ...{ release_id: journal.recordId, verification_id: journal.verificationId ?? null, red_at: red?.at ?? null },
      ...{ rolled_back_ms: back, replicas: journal.states, criteria, events: journal.events, plan: shownPlan(plan) },
    };
    process.stdout.write(`${JSON.stringify(data, null, 2)}\n`);
  } else {
    const took =
      red !== undefined && returnedAt !== undefined
        ? ` (${secondsBetween(red.at, returnedAt)} from red to the verified old version)`
        : '';
    process.stdout.write(`${state.replace('_', ' ')}${took}: ${text}\n`);
    if (state === 'holding') process.stdout.write(HOLD);
  }
  process.exitCode = EXITS[state];
}

const HOLD =
  '`ava release --resume` watches again, `ava release --accept` lets it stay, `ava rollback` takes it back.\n';

const EXITS = {
  succeeded: EXIT.ok,
  rolled_back: EXIT.failed,
  failed: EXIT.failed,
  holding: EXIT_HOLD,
  interrupted: EXIT_INTERRUPTED,
};
