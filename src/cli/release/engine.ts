/** Carries a plan out, step by step, and goes back when a step fails after the first change. Every change is kept first. */
import type { Check } from '../../features/releases/contract.ts';
import type { Criterion } from '../verify/counters.ts';
import type { Journal, Phase, ReplicaState } from './journal.ts';
import type { Lane as PlannedLane, Step } from './plan.ts';
import { endedWell, nothingChanged, notBack, redReason, wentBack } from './words.ts';

type Lane = PlannedLane & { isLast?: boolean };

/** How the engine reaches the world; each is replaced in tests. */
export type Tools = {
  /** Keeps the journal and tells the record. */
  keep(journal: Journal): void;
  run(step: Extract<Step, { does: 'run' }>): Promise<StepResult>;
  prove(step: Extract<Step, { does: 'prove' }>): Promise<StepResult>;
  smoke(step: Extract<Step, { does: 'smoke' }>): Promise<{ checks: Check[] }>;
  /** One look at what people got from a replica that was just replaced: the criteria that it has broken already. */
  glance(step: Extract<Step, { does: 'glance' }>, journal: Journal): Promise<StepResult>;
  /** Watches until there is a verdict; keeps the journal's `watch` meanwhile. */
  watch(journal: Journal): Promise<{ verdict: 'pass' | 'fail' | 'hold'; criteria: Criterion[] }>;
  say(line: string): void;
  now(): Date;
  /** Set when somebody pressed Ctrl-C: no step is begun any more. */
  signal: AbortSignal;
};

export type StepResult = { isDone: boolean; detail: string };

/** Somebody interrupted it between two steps; the journal says where. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

class StepFailed extends Error {
  override readonly name = 'StepFailed';
  readonly step: Step;
  constructor(step: Step, detail: string) {
    super(detail);
    this.step = step;
  }
}

/** Goes on from wherever the journal stands, until it has ended or holds. Throws `Interrupted`. */
export async function carryOut(journal: Journal, tools: Tools): Promise<void> {
  try {
    await forward(journal, tools);
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    if (Object.values(journal.states).every((state) => state === 'old')) {
      return end(journal, tools, 'failed', nothingChanged(journal, error.step, error.message));
    }
    turnRed(journal, tools, redReason(error.step, error.message));
  }
  if (journal.phase === 'rolling_back') await back(journal, tools);
}

/** From now on it goes back. */
export function turnRed(journal: Journal, tools: Tools, reason: string): void {
  journal.red ??= { at: tools.now().toISOString(), reason };
  enter(journal, tools, 'rolling_back');
  note(journal, tools, 'red', 'failed', reason);
}

async function forward(journal: Journal, tools: Tools): Promise<void> {
  const { plan } = journal;
  if (journal.phase === 'preparing') {
    await steps(plan.before, [], journal, tools);
    enter(journal, tools, plan.kind === 'release' ? 'rolling' : 'rolling_back');
  }
  if (journal.phase === 'rolling') {
    for (const lane of plan.lanes) await goLane(lane, FORWARD, journal, tools);
    enter(journal, tools, 'watching');
  }
  if (journal.phase === 'watching' || journal.phase === 'holding') await watch(journal, tools);
}

async function watch(journal: Journal, tools: Tools): Promise<void> {
  const step = journal.plan.after[0];
  if (step === undefined) return;
  enter(journal, tools, 'watching');
  const { verdict, criteria } = await tools.watch(journal);
  journal.criteria = criteria;
  if (verdict === 'pass') return end(journal, tools, 'succeeded', endedWell(journal));
  const missed = criteria.filter(({ state }) => state === verdict).map(({ name, detail }) => `${name}: ${detail}`);
  if (verdict === 'fail') throw new StepFailed(step, missed.join('; '));
  enter(journal, tools, 'holding');
  note(journal, tools, step.id, 'noted', `Too little to judge: ${missed.join('; ')}`);
}

async function back(journal: Journal, tools: Tools): Promise<void> {
  const { plan, states } = journal;
  const isRelease = plan.kind === 'release';
  const lanes = plan.back.filter(({ replicas }) => !isRelease || replicas.some((name) => states[name] !== 'old'));
  const failed: string[] = [];
  const note = (result: PromiseSettledResult<void>) => {
    if (result.status === 'fulfilled') return;
    if (!(result.reason instanceof StepFailed)) throw result.reason;
    failed.push(`${result.reason.step.replica ?? plan.target}: ${result.reason.message}`);
  };
  // The next replicas go back as soon as these answer again; the smoke checks go on beside them.
  const verifying: Promise<PromiseSettledResult<void>>[] = [];
  for (let at = 0; at < lanes.length; at += plan.backAtOnce) {
    const together = lanes.slice(at, at + plan.backAtOnce);
    const put = await Promise.allSettled(together.map((lane) => goLane(part(lane, 'put'), BACK, journal, tools)));
    put.forEach(note);
    const whole = together.filter((_, index) => put[index]?.status === 'fulfilled');
    verifying.push(...whole.map(async (lane) => settled(goLane(part(lane, 'verify'), BACK, journal, tools))));
  }
  (await Promise.all(verifying)).forEach(note);
  if (failed.length > 0) return end(journal, tools, 'failed', notBack(journal, failed));
  journal.returnedAt = tools.now().toISOString();
  end(journal, tools, isRelease ? 'rolled_back' : 'succeeded', wentBack(journal));
}

const FORWARD = ['changing', 'new'] as const;
const BACK = ['returning', 'returned'] as const;

/** A replica counts as back only when it is verified: the first part leaves it on its way. */
function part(lane: Lane, which: 'put' | 'verify'): Lane {
  const isLast = which === 'verify';
  return { ...lane, isLast, steps: lane.steps.filter(({ does }) => (does === 'smoke') === isLast) };
}

async function settled(work: Promise<void>): Promise<PromiseSettledResult<void>> {
  const [result] = await Promise.allSettled([work]);
  return result;
}

async function goLane(
  lane: Lane,
  [during, after]: readonly [ReplicaState, ReplicaState],
  journal: Journal,
  tools: Tools,
): Promise<void> {
  if (lane.steps.every((step) => journal.done.includes(step.id))) return;
  await steps(
    lane.steps,
    lane.replicas.map((name) => [name, during] as const),
    journal,
    tools,
  );
  if (lane.isLast !== false) for (const name of lane.replicas) journal.states[name] = after;
  tools.keep(journal);
}

async function steps(
  list: readonly Step[],
  during: (readonly [string, ReplicaState])[],
  journal: Journal,
  tools: Tools,
): Promise<void> {
  for (const step of list) {
    if (journal.done.includes(step.id)) continue;
    if (tools.signal.aborted) throw new Interrupted();
    for (const [name, state] of during) journal.states[name] = state;
    note(journal, tools, step.id, 'begun', step.title);
    const { isDone, detail } = await doStep(step, journal, tools);
    // What was cut short by Ctrl-C says nothing against the release.
    if (!isDone && tools.signal.aborted) throw new Interrupted();
    note(journal, tools, step.id, isDone ? 'done' : 'failed', detail);
    if (!isDone) throw new StepFailed(step, detail);
    journal.done.push(step.id);
    tools.keep(journal);
  }
}

async function doStep(step: Step, journal: Journal, tools: Tools): Promise<StepResult> {
  if (step.does === 'run') return tools.run(step);
  if (step.does === 'prove') return tools.prove(step);
  if (step.does === 'glance') return tools.glance(step, journal);
  if (step.does === 'watch') throw new Error('the watch is no step of a lane');
  const { checks } = await tools.smoke(step);
  const replica = step.place.name;
  journal.checks.push(...checks.map((check) => ({ replica, isBack: step.isBack, check })));
  const failed = checks.filter(({ state }) => state === 'failed');
  const passed = checks.filter(({ state }) => state === 'passed').length;
  if (failed.length === 0) return { isDone: true, detail: `${passed} of ${checks.length} checks passed` };
  return { isDone: false, detail: failed.map(({ title, detail }) => `${title}: ${detail}`).join('; ') };
}

function enter(journal: Journal, tools: Tools, phase: Phase): void {
  journal.phase = phase;
  tools.keep(journal);
}

function note(
  journal: Journal,
  tools: Tools,
  step: string,
  outcome: Journal['events'][number]['outcome'],
  detail: string,
): void {
  journal.events.push({ at: tools.now().toISOString(), step, outcome, detail: detail.slice(0, 2000) });
  tools.keep(journal);
  if (outcome !== 'begun') tools.say(`${outcome.padEnd(6)} ${step}: ${detail}`);
}

function end(journal: Journal, tools: Tools, state: NonNullable<Journal['ending']>['state'], reason: string): void {
  journal.ending = { state, reason: reason.slice(0, 2000), at: tools.now().toISOString() };
  journal.phase = 'ended';
  tools.keep(journal);
}
