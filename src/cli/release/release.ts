/** `ava release`: puts a version in place, proves it, watches it, and goes back by itself when a promise breaks. */
import { randomBytes } from 'node:crypto';
import type { Command as Program } from 'commander';
import type { ReleaseDetailWire } from '../../features/releases/contract.ts';
import { EXIT } from '../settle.ts';
import { beginJournal, isHeld, type Journal, journalFile } from './journal.ts';
import {
  addOptions,
  addressOf,
  askReplicas,
  buildOf,
  placesOf,
  processesOf,
  type ReleaseGiven,
  settingsOf,
  tokenOf,
} from './options.ts';
import { makePlan, type Plan, shownPlan } from './plan.ts';
import { planTable } from './plan-table.ts';
import { isBuild } from './prove.ts';
import { createRecord, type ReleaseRecord } from './record.ts';
import { goOn } from './go-on.ts';
import { makeTarget } from './targets/all.ts';
import { BadOption, type Build } from './targets/target.ts';
import { acceptedWell, standing } from './words.ts';

export function registerRelease(program: Program): void {
  const release = program
    .command('release')
    .description(
      'release a version: replica by replica, verified and watched, rolled back by itself; exit 0 stays, 1 rolled back or refused, 3 too little to judge',
    )
    .option('--version <version>', 'what is released')
    .option('--watch <time>', 'how long it is watched: 30s, 10m, 1h', '1h')
    .option('--every <time>', 'time between two looks; by default 15s, or a tenth of the watch')
    .option('--resume', 'go on with the release that was interrupted, or watch one again that held')
    .option('--accept', 'let a release stay whose watch saw too little to judge');
  addOptions(release).action((given: ReleaseGiven) => told('release', () => releaseCommand(given)));
  const rollback = program
    .command('rollback')
    .description('put the last verified version back, or end a release that is under way by rolling it back')
    .option('--to <version>', 'which version; by default the last one that was verified, by the release record');
  addOptions(rollback).action((given: ReleaseGiven) =>
    told('rollback', () => rollbackCommand({ ...given, watch: '1s' })),
  );
}

async function told(command: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof BadOption)) throw error;
    process.stderr.write(`ava ${command}: ${error.message}\n`);
    process.exitCode = EXIT.usage;
  }
}

async function releaseCommand(given: ReleaseGiven): Promise<void> {
  const found = await unfinished(given);
  if (found !== undefined && given.accept) return accept(found, given);
  if (found !== undefined && given.resume) return resume(found, given);
  if (found !== undefined && !given.dryRun) return refuseUnfinished(found);
  const record = given.dryRun ? undefined : createRecord({ url: addressOf(given.url), token: tokenOf(given) });
  if (given.resume || given.accept) return nothingToResume(record!);
  const build = buildOf(given.version, given.commit, '--version');
  const other = given.takeOver ? undefined : await record?.running();
  if (other !== undefined) return refuse(`${underWay(other)}\nIt ends where it was begun, or here with --take-over.`);
  const planned = await plan(given, 'release', build);
  const same = planned.plan.replicas.every(({ from }) =>
    isBuild({ version: from.version, commit: from.commit ?? '' }, build),
  );
  if (same)
    throw new BadOption(`${build.version} runs everywhere already. Pass --commit to release another build of it.`);
  if (record === undefined) return show(planned, given);
  await begin(planned, given, record);
}

async function rollbackCommand(given: ReleaseGiven): Promise<void> {
  const found = given.dryRun ? undefined : await unfinished(given);
  if (found !== undefined) return resume(found, given, 'Somebody asked for it with `ava rollback`.');
  const record = createRecord({ url: addressOf(given.url), token: tokenOf(given) });
  const build = await wayBack(given, record);
  const planned = await plan(given, 'rollback', build);
  if (given.dryRun) return show(planned, given);
  await begin(planned, given, record);
}

/** What the state file knows of. One that has ended, and only could not be told to the record, is told now. */
async function unfinished(given: ReleaseGiven): Promise<Journal | undefined> {
  const file = journalFile(given.state);
  const found = file.recall();
  if (found?.ending === undefined) return found;
  const problem = await createRecord({ url: found.plan.url, token: tokenOf(given) }).close(found);
  if (problem !== undefined)
    process.stderr.write(`ava: ${standing(found)} The record could not be told: ${problem}.\n`);
  file.put();
  return undefined;
}

type Planned = { plan: Plan; schemaNote: string };

async function plan(given: ReleaseGiven, kind: Plan['kind'], build: Build): Promise<Planned> {
  if (given.target === undefined) throw new BadOption('--target is needed.');
  const places = placesOf(given);
  const target = makeTarget(given.target, given, places);
  const replicas = await askReplicas(places, kind);
  const { watch, startTimeout } = given;
  const options = {
    kind,
    url: addressOf(given.url),
    build,
    replicas,
    processes: processesOf(given),
    watch,
    startTimeout,
  };
  return { plan: makePlan(target, options), schemaNote: target.schemaNote };
}

/** `--to`, or the newest verified version that is not the one that runs. */
async function wayBack(given: ReleaseGiven, record: ReleaseRecord): Promise<Build> {
  if (given.to !== undefined) return buildOf(given.to, given.commit, '--to');
  const asked = await askReplicas(placesOf(given), 'rollback');
  const runs = asked.find(({ from }) => from.version !== 'unknown')?.from.version ?? 'unknown';
  const list = await record.list();
  const verified = list.find(({ state, version }) => state === 'succeeded' && version !== runs);
  const before = list.find(({ version, previous_version: previous }) => version === runs && previous !== null);
  const version = verified?.version ?? before?.previous_version;
  if (version == null) throw new BadOption(`The release record names no version before ${runs}. Pass --to.`);
  return { version, commit: verified?.commit ?? undefined };
}

function show({ plan: planned, schemaNote }: Planned, given: ReleaseGiven): void {
  const { kind, target, url, build, replicas, backAtOnce } = planned;
  const data = { kind, target, url, ...build, replicas, ...shownPlan(planned), back_at_once: backAtOnce };
  process.stdout.write(given.json ? `${JSON.stringify(data, null, 2)}\n` : planTable(planned, schemaNote));
}

async function begin(planned: Planned, given: ReleaseGiven, record: ReleaseRecord): Promise<void> {
  const file = journalFile(given.state);
  const random = randomBytes(4).toString('hex');
  const { plan: steps, schemaNote } = planned;
  const journal = beginJournal(steps, { settings: settingsOf(given), schemaNote, now: new Date(), random });
  if (given.takeOver) await endOther(record, journal);
  const refusal = await record.open(journal);
  if (refusal !== undefined && steps.kind === 'release') return refuse(`It was not begun. ${refusal}`);
  if (refusal !== undefined) {
    if (/under way/.test(refusal))
      return refuse(`${refusal} Where it was begun, \`ava rollback\` ends it; here, --take-over.`);
    process.stderr.write(`ava rollback: the record cannot be kept now (${refusal}); it is told at the end.\n`);
  }
  if (!given.json) process.stdout.write(planTable(steps, schemaNote));
  await goOn(journal, { file, record, given });
}

/** What another process left: its lock is taken, and its record says who ended it. */
async function endOther(record: ReleaseRecord, journal: Journal): Promise<void> {
  const held = await record.running();
  if (held === undefined) return;
  const at = new Date().toISOString();
  const reason = `It was given up, and ended by a new ${journal.plan.kind} to ${journal.plan.build.version}.`;
  const other = {
    ...journal,
    recordId: held.id,
    ending: { state: 'failed' as const, reason, at },
    phase: 'ended' as const,
  };
  const refusal = await record.takeOver(other);
  if (refusal !== undefined) throw new BadOption(refusal);
}

async function resume(journal: Journal, given: ReleaseGiven, rollback?: string): Promise<void> {
  if (isHeld(journal))
    return refuse(`${standing(journal)}\nProcess ${journal.pid} is at work on it; press Ctrl-C there first.`);
  const record = createRecord({ url: journal.plan.url, token: tokenOf(given) });
  process.stderr.write(`${standing(journal)}\n`);
  const holder = `${journal.host}:${process.pid}:${randomBytes(4).toString('hex')}`;
  const taken = { ...journal, pid: process.pid, holder };
  const refusal = await record.takeOver(taken);
  if (refusal !== undefined) process.stderr.write(`ava: the record cannot be kept now (${refusal}).\n`);
  await goOn(taken, { file: journalFile(given.state), record, given, rollback });
}

async function accept(journal: Journal, given: ReleaseGiven): Promise<void> {
  if (journal.phase !== 'holding') return refuse(`${standing(journal)}\nOnly a release that holds can be accepted.`);
  const ending = { state: 'succeeded' as const, reason: acceptedWell(journal), at: new Date().toISOString() };
  await resume({ ...journal, phase: 'ended', ending }, given);
}

async function nothingToResume(record: ReleaseRecord): Promise<void> {
  const held = await record.running();
  if (held === undefined) return refuse('Nothing is under way.');
  refuse(
    `${underWay(held)}\nIt is resumed where its state file is. From here: \`ava rollback --take-over\` with its target.`,
  );
}

function underWay({ kind, version, author, started_at: since, phase, holder, progress }: ReleaseDetailWire): string {
  const replicas = progress?.replicas.map(({ name, state, from }) => `  ${name}: ${state} (before: ${from})`) ?? [];
  const head = `A ${kind} to ${version} by ${author} is under way since ${since} (${phase ?? 'begun'}), held by ${holder}.`;
  return [head, ...replicas].join('\n');
}

function refuseUnfinished(journal: Journal): void {
  const next =
    journal.phase === 'holding'
      ? '`ava release --resume` watches again, `ava release --accept` lets it stay, `ava rollback` takes it back.'
      : '`ava release --resume` goes on with it, `ava rollback` takes it back.';
  refuse(`${standing(journal)}\n${isHeld(journal) ? `Process ${journal.pid} is at work on it.` : next}`);
}

function refuse(why: string): void {
  process.stderr.write(`ava: ${why}\n`);
  process.exitCode = EXIT.usage;
}
