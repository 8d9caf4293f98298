/**
 * What is known of a release while it runs: written beside and moved over after each change, so that a release that was
 * killed says where things stand, and can go on or go back.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Check, ReleaseProgress, ReleaseWire } from '../../features/releases/contract.ts';
import type { Criterion } from '../verify/counters.ts';
import type { FleetWatch } from './fleet-watch.ts';
import { nameOf, type Plan } from './plan.ts';

export type Phase = NonNullable<ReleaseWire['phase']>;
export type ReplicaState = ReleaseProgress['replicas'][number]['state'];

export type Journal = {
  /** Of the record in AVA; null where AVA could not keep one. */
  recordId: string | null;
  holder: string;
  host: string;
  pid: number;
  plan: Plan;
  schemaNote: string;
  settings: JournalSettings;
  phase: Phase | 'ended';
  startedAt: string;
  /** Ids of the steps that are done. */
  done: string[];
  states: Record<string, ReplicaState>;
  events: ReleaseProgress['events'];
  checks: { replica: string; isBack: boolean; check: Check }[];
  watch: FleetWatch | undefined;
  criteria: Criterion[];
  /** Why it goes back, and since when that is known. */
  red: { at: string; reason: string } | undefined;
  /** When every replica that had been changed was proved to be back. */
  returnedAt: string | undefined;
  ending: { state: 'succeeded' | 'rolled_back' | 'failed'; reason: string; at: string } | undefined;
  verificationId: string | undefined;
};

/** What does not change while it runs. No token: that is given anew each time. */
export type JournalSettings = { watchMs: number; everyMs: number; startTimeoutMs: number; limit: number | undefined };

export type JournalFile = { keep(journal: Journal): void; recall(): Journal | undefined; put(): void };

export function journalFile(file: string): JournalFile {
  return {
    keep(journal) {
      writeFileSync(`${file}.new`, JSON.stringify(journal));
      renameSync(`${file}.new`, file);
    },
    recall: () => (existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Journal) : undefined),
    /** The release is over: the next one begins anew. */
    put: () => renameSync(file, `${file}.done`),
  };
}

export function beginJournal(
  plan: Plan,
  given: { settings: JournalSettings; schemaNote: string; now: Date; random: string },
): Journal {
  const host = hostname();
  return {
    recordId: null,
    holder: `${host}:${process.pid}:${given.random}`,
    host,
    pid: process.pid,
    plan,
    schemaNote: given.schemaNote,
    settings: given.settings,
    phase: 'preparing',
    startedAt: given.now.toISOString(),
    done: [],
    states: Object.fromEntries(plan.replicas.map(({ name }) => [name, 'old' as const])),
    ...{ events: [], checks: [], watch: undefined, criteria: [], red: undefined },
    ...{ returnedAt: undefined, ending: undefined, verificationId: undefined },
  };
}

/** Whether the process that wrote the journal is at work still; only its own host can tell. */
export function isHeld({ host, pid, ending }: Journal): boolean {
  if (ending !== undefined || host !== hostname() || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

const KEPT_EVENTS = 300;

export function progressOf({ plan, states, events }: Journal): ReleaseProgress {
  const replicas = plan.replicas.map(({ name, url, from }) => ({
    ...{ name, url, from: nameOf(from).slice(0, 100) },
    state: states[name] ?? ('old' as const),
  }));
  const kept = events.slice(-KEPT_EVENTS).map((event) => ({ ...event, detail: event.detail.slice(0, 500) }));
  return { replicas, events: kept };
}
