/** How the engine reaches the world: commands, HTTP, the clock. */
import { setTimeout as wait } from 'node:timers/promises';
import { paceRules } from '../verify/pace.ts';
import { verdictOf } from '../verify/watch-gate.ts';
import type { StepResult, Tools } from './engine.ts';
import { beginFleetWatch, brokenAlready, judgeFleet, lookAtFleet, type Seen, seeProcess } from './fleet-watch.ts';
import type { Journal, JournalFile } from './journal.ts';
import { type Plan, shownCommand, type Step } from './plan.ts';
import { proveVersion } from './prove.ts';
import type { ReleaseRecord } from './record.ts';
import { runCommand } from './run-command.ts';
import { smokeChecks } from './smoke.ts';
import { Interrupted } from './engine.ts';

export type ToolOptions = {
  journal: Journal;
  file: JournalFile;
  record: ReleaseRecord;
  token: string;
  metricsToken: string | undefined;
  signal: AbortSignal;
  say: (line: string) => void;
};

export function createTools(options: ToolOptions): Tools {
  const { journal, file, record, token, metricsToken, signal, say } = options;
  const { settings } = journal;
  const now = () => new Date();
  const keep = (changed: Journal) => {
    file.keep(changed);
    record.follow(changed);
  };
  return {
    keep,
    say,
    now,
    signal,
    run: runStep,
    async prove({ build, places, processes }) {
      const limitMs = settings.startTimeoutMs;
      const { isProved, detail } = await proveVersion({ build, places, processes, limitMs, signal });
      return { isDone: isProved, detail };
    },
    async smoke({ place, build, isBack }) {
      const order = { url: place.url, token, build, limit: settings.limit, metricsToken, isBack };
      const checks = await smokeChecks(order);
      // A busy moment is no broken promise: what is broken is so twice, and the watch counts what comes and goes.
      return { checks: checks.some(({ state }) => state === 'failed') ? await smokeChecks(order) : checks };
    },
    async glance({ place }) {
      const seen = await seeProcess(place, metricsToken);
      if (seen === undefined) return { isDone: false, detail: `${place.name} does not answer` };
      const broken = brokenAlready(seen).map(({ name, detail }) => `${name}: ${detail}`);
      const requests = seen.counters['requests'] ?? 0;
      if (broken.length > 0) return { isDone: false, detail: broken.join('; ') };
      return {
        isDone: true,
        detail: requests === 0 ? 'nobody has asked it yet' : `nothing broken in ${requests} requests`,
      };
    },
    watch: (watched) => watchFleet(watched, { keep, now, metricsToken, signal }),
  };
}

/** A command that failed on the way back is tried once more: what is safe to run again may have met a busy moment. */
async function runStep(step: Extract<Step, { does: 'run' }>): Promise<StepResult> {
  const isBack = step.id.includes('/back/');
  for (const command of step.commands) {
    let result = await runCommand(command);
    if (result.code !== 0 && isBack) result = await runCommand(command);
    const { code, output } = result;
    if (code === 0) continue;
    const said = output === '' ? 'It said nothing.' : output.slice(-1500);
    return { isDone: false, detail: `\`${shownCommand(command).slice(0, 300)}\` ended with ${code}. ${said}` };
  }
  const count = step.commands.length;
  return { isDone: true, detail: `${count} ${count === 1 ? 'command' : 'commands'} ended with 0` };
}

type Watching = {
  keep(journal: Journal): void;
  now(): Date;
  metricsToken: string | undefined;
  signal: AbortSignal;
};

async function watchFleet(journal: Journal, { keep, now, metricsToken, signal }: Watching) {
  const { watchMs, everyMs } = journal.settings;
  if (journal.phase === 'watching' && journal.criteria.length > 0) journal.watch = startedAnew(journal);
  for (;;) {
    const state = journal.watch!;
    const seen = await seeAll(journal.plan, metricsToken);
    journal.watch = lookAtFleet(state, seen, { now: now(), countedMs: everyMs * 2, rules: paceRules(watchMs) });
    keep(journal);
    const criteria = judgeFleet(journal.watch);
    const verdict = verdictOf(criteria, journal.watch.watchedMs >= watchMs);
    if (verdict !== 'watching') return { verdict, criteria };
    const leftMs = Math.max(1, Math.min(everyMs, watchMs - journal.watch.watchedMs));
    await wait(leftMs, undefined, { signal }).catch(() => {
      throw new Interrupted();
    });
  }
}

/** A watch that held is taken up again for as long as the first time; what was counted stays. */
function startedAnew(journal: Journal): NonNullable<Journal['watch']> {
  return { ...journal.watch!, watchedMs: 0, lookedAt: new Date().toISOString() };
}

/** Behind one address with several processes each look reaches another one: then it asks as often as it takes. */
async function seeAll(plan: Plan, metricsToken: string | undefined): Promise<(Seen | undefined)[]> {
  const asks = plan.processes === 1 ? 1 : plan.processes * 3;
  const places = plan.replicas.flatMap((replica) => Array.from({ length: asks }, () => replica));
  return await Promise.all(places.map((place) => seeProcess(place, metricsToken)));
}

/** What the replicas had measured before anything was changed. */
export async function seeBefore(plan: Plan, metricsToken: string | undefined, at: Date) {
  const seen = await seeAll(plan, metricsToken);
  return beginFleetWatch(
    seen.filter((one) => one !== undefined),
    at,
  );
}
