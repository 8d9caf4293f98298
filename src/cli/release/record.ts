/**
 * The release record in AVA: the lock, what is going on, how it ended. The journal on disk is the truth; the record
 * follows it, and never holds a rollback up.
 */
import type { Check, ReleaseDetailWire, ReleaseWire } from '../../features/releases/contract.ts';
import { createProbe, Unreachable } from '../verify/probe.ts';
import { type Journal, progressOf } from './journal.ts';
import { shownPlan } from './plan.ts';

export type ReleaseRecord = {
  /** Takes the lock. A sentence when it cannot be had. */
  open(journal: Journal): Promise<string | undefined>;
  /** Tells how it stands, soon; several changes are told at once. */
  follow(journal: Journal): void;
  /** Tells how it stands, or ended; a sentence when that did not succeed. */
  close(journal: Journal): Promise<string | undefined>;
  /** Takes over from a process that is gone. */
  takeOver(journal: Journal): Promise<string | undefined>;
  running(): Promise<ReleaseDetailWire | undefined>;
  list(): Promise<ReleaseWire[]>;
};

/** Answers of a version that does not know held releases yet. */
const NOT_KNOWN = [400, 404, 405, 422];
/** Within ten requests a minute, the usual limit. */
const BEAT_MS = 10_000;
const TRIES = 3;

export function createRecord({ url, token }: { url: string; token: string }): ReleaseRecord {
  const probe = createProbe(url);
  let telling: Promise<unknown> = Promise.resolve();
  let waiting: Journal | undefined;
  let toldAtMs = 0;

  async function ask(method: string, path: string, body?: unknown) {
    try {
      const answer = await probe.ask(method, `/api/v1/ops/${path}`, { token, ...(body !== undefined && { body }) });
      return { status: answer.status, json: answer.json, problem: problemOf(answer.status, answer.json) };
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      return { status: 0, json: undefined, problem: error.message };
    } finally {
      probe.takeEvidence();
    }
  }

  const change = (journal: Journal, takeOver = false) =>
    ask('PUT', `releases/${journal.recordId}`, changeOf(journal, takeOver));

  async function tellWaiting(): Promise<void> {
    const journal = waiting;
    waiting = undefined;
    if (journal !== undefined && journal.recordId !== null) await change(journal);
  }

  return {
    async open(journal) {
      const answer = await ask('POST', 'releases', beginningOf(journal));
      if (answer.status === 201) journal.recordId = answer.json.release.id;
      else if (!NOT_KNOWN.includes(answer.status)) return answer.problem;
      return undefined;
    },

    follow(journal) {
      const nowMs = performance.now();
      waiting = journal;
      if (nowMs - toldAtMs < BEAT_MS) return;
      toldAtMs = nowMs;
      telling = telling.then(tellWaiting);
    },

    async close(journal) {
      await telling;
      waiting = undefined;
      const { ending } = journal;
      if (ending !== undefined && journal.verificationId === undefined) {
        const run = runOf(journal);
        const kept = run === undefined ? undefined : await ask('POST', 'verifications', run);
        if (kept?.status === 201) journal.verificationId = kept.json.verification.id;
      }
      if (journal.recordId === null) {
        if (ending === undefined) return undefined;
        const { holder: _, plan: __, progress: ___, kind: ____, ...old } = beginningOf(journal);
        const whole = { ...old, state: ending.state, reason: ending.reason.slice(0, 1000), finished_at: ending.at };
        const answer = await ask('POST', 'releases', whole);
        return answer.status === 201 ? undefined : answer.problem;
      }
      for (let attempt = 1; ; attempt += 1) {
        const answer = await change(journal);
        if (answer.status === 200 || answer.json?.code === 'release_over') return undefined;
        if (attempt === TRIES || (answer.status > 0 && answer.status < 500)) return answer.problem;
      }
    },

    async takeOver(journal) {
      if (journal.recordId === null) return undefined;
      const answer = await change(journal, true);
      return answer.status === 200 ? undefined : answer.problem;
    },

    async running() {
      const list = await this.list();
      const held = list.find(({ state, holder }) => state === 'running' && typeof holder === 'string');
      if (held === undefined) return undefined;
      return (await ask('GET', `releases/${held.id}`)).json?.release;
    },

    async list() {
      const answer = await ask('GET', 'releases?limit=50');
      return answer.json?.releases ?? [];
    },
  };
}

function beginningOf({ plan, startedAt, holder, ...journal }: Journal) {
  return {
    kind: plan.kind,
    version: plan.build.version,
    ...(plan.build.commit !== undefined && { commit: plan.build.commit }),
    previous_version: plan.from.version,
    target: plan.target,
    state: 'running' as string,
    ...(journal.phase !== 'ended' && { phase: journal.phase }),
    holder,
    plan: shownPlan(plan),
    progress: progressOf({ plan, startedAt, holder, ...journal }),
    started_at: startedAt,
    ...(journal.verificationId !== undefined && { verification_id: journal.verificationId }),
  };
}

function changeOf(journal: Journal, takeOver: boolean) {
  const { ending, red, phase, holder, verificationId } = journal;
  return {
    holder,
    take_over: takeOver,
    state: ending?.state ?? 'running',
    ...(phase !== 'ended' && { phase }),
    ...(ending === undefined
      ? red && { reason: `Going back: ${red.reason}`.slice(0, 2000) }
      : { reason: ending.reason }),
    ...(verificationId !== undefined && { verification_id: verificationId }),
    ...(ending !== undefined && { finished_at: ending.at }),
    progress: progressOf(journal),
  };
}

/** The evidence as one verification run: the smoke checks of every replica, and the criteria of the watch. */
function runOf({ checks, criteria, plan, startedAt, ending }: Journal): object | undefined {
  const smoke = checks.map(({ replica, isBack, check }) => ({
    ...check,
    title: `${replica}${isBack ? ' (old version again)' : ''}: ${check.title}`.slice(0, 200),
    evidence: check.state === 'failed' ? check.evidence.slice(0, 4) : [],
  }));
  const watched = criteria.map(({ name, state, detail }, index): Check => ({
    ...{ id: `watch_${index + 1}`, requirement: 'R16', title: `Watch: ${name}`, duration_ms: 0, evidence: [] },
    state: STATES[state],
    detail: detail.slice(0, 2000),
  }));
  const all = [...smoke, ...watched].slice(-200);
  if (all.length === 0) return undefined;
  return {
    kind: watched.length > 0 ? 'watch' : 'smoke',
    target: plan.url,
    version: plan.build.version,
    commit: plan.build.commit ?? null,
    started_at: startedAt,
    finished_at: ending?.at ?? startedAt,
    checks: all,
  };
}

const STATES = { pass: 'passed', fail: 'failed', hold: 'skipped' } as const;

function problemOf(status: number, json: { code?: string; detail?: string } | undefined): string {
  if (status === 403) return 'Only an operator may release: pass the token of one.';
  return json?.detail ?? `the server answered ${status}`;
}
