/**
 * Who is told when something breaks. Each replica writes down its figures; one of them, whoever gets the lock, evaluates the
 * rules for all. People are told once when something begins and once when it is over.
 */
import type { Clock } from '../../clock.ts';
import type { Database } from '../../db/connect.ts';
import { DatabaseUnavailable } from '../../db/unavailable.ts';
import type { Log } from '../../log.ts';
import type { Metrics } from '../../metrics.ts';
import { evaluate } from './evaluate.ts';
import { readFigures } from './figures.ts';
import { viewFleet } from './fleet-view.ts';
import { remember } from './history.ts';
import { RULES, ruleOf } from './rules.ts';
import * as store from './store.ts';
import type { Teller } from './teller.ts';

export type AlerterDeps = {
  db: Database;
  clock: Clock;
  log: Log;
  metrics: Metrics;
  teller: Teller;
  /** Names this process among the replicas. */
  replica: string;
  /** Brings gauges up to date before they are read. */
  refreshGauges: () => Promise<void>;
  /** Called when an alert begins or ends. */
  onChange: () => void;
};

export type Alerter = {
  /** One look at everything; to be called every few seconds. Never rejects. */
  round(): Promise<void>;
};

/** A replica that has been silent for this long does not count any more. */
const LIVE_MS = 30_000;
const FORGOTTEN_MS = 3_600_000;
const LEADER_SILENT_MS = 90_000;
/** Two looks in a row: one alone may fall between two rounds of the leader. */
const LEADER_HOLD_MS = 4_000;
const DAY_MS = 86_400_000;

export function createAlerter(deps: AlerterDeps): Alerter {
  const { db, clock, log, metrics, teller } = deps;
  const database = sinceWhen(clock);
  const silence = sinceWhen(clock);
  let running: Promise<void> | undefined;

  async function look(): Promise<void> {
    try {
      const leads = await lookOnce();
      metrics.databaseUp.set(1);
      await database.note(false, ruleOf('database_down')!.forSeconds * 1000, (kind) =>
        tellDirectly('database_down', kind),
      );
      if (leads) tellBehind();
      else await watchLeader();
    } catch (error) {
      if (!(error instanceof DatabaseUnavailable))
        return log.error({ err: error }, 'The alert rules could not be evaluated');
      metrics.databaseUp.set(0);
      const holdMs = ruleOf('database_down')!.forSeconds * 1000;
      await database.note(true, holdMs, (kind) => tellDirectly('database_down', kind));
    }
  }

  /** Whether this replica led the round. */
  async function lookOnce(): Promise<boolean> {
    await deps.refreshGauges();
    const now = clock.now();
    const lane = db.lane('job');
    await store.saveSample(lane.system, deps.replica, await readFigures(metrics), now);
    const outcome = await lane.system.transaction().execute(async (trx) => {
      if (!(await store.tryToLead(trx))) return undefined;
      return evaluateRound(trx, now);
    });
    if (outcome === undefined) return false;
    metrics.alerterLastRun.set(now.getTime() / 1000);
    gaugeFiring(metrics, outcome.current);
    for (const line of outcome.lines) log.warn(line.fields, line.text);
    if (outcome.lines.length > 0) deps.onChange();
    return true;
  }

  async function evaluateRound(trx: Parameters<typeof store.tryToLead>[0], now: Date) {
    const nowMs = now.getTime();
    const samples = await store.takeSamples(trx, new Date(nowMs - FORGOTTEN_MS));
    const { history } = await store.loadState(trx);
    const next = remember(history, samples, nowMs);
    const live = samples.filter(({ at }) => nowMs - at.getTime() <= LIVE_MS).map(({ figures }) => figures);
    const open = (await store.listCurrent(trx, now)).filter((alert) => alert.state !== 'resolved');
    const found = evaluate({ rules: RULES, view: viewFleet(next, live, nowMs), open, pending: history.pending, nowMs });
    for (const { rule, resource, value, startedAtMs } of found.fire) {
      const { id, severity, summary } = rule;
      const startedAt = new Date(startedAtMs);
      await store.addAlert(trx, { rule: id, resource, severity, summary, value, startedAt, firedAt: now });
    }
    for (const { value, ...alert } of found.hold) await store.setValue(trx, alert, value);
    for (const alert of found.resolve) await store.resolveAlert(trx, alert, now);
    await store.saveState(trx, { ...next, pending: found.pending }, now);
    const current = [...found.fire.map(({ rule }) => rule.id), ...found.hold.map(({ rule }) => rule)];
    const lines = [
      ...found.fire.map(({ rule, resource }) => line('fires', rule.id, resource)),
      ...found.resolve.map(({ rule, resource }) => line('is over', rule, resource)),
    ];
    return { current, lines };
  }

  /** Telling may take as long as a channel's time-out; the rules are evaluated meanwhile. */
  function tellBehind(): void {
    teller
      .tell()
      .then(testDaily)
      .catch((error: unknown) => log.error({ err: error }, 'Nobody could be told of an alert; it is tried again'));
  }

  async function testDaily(): Promise<void> {
    const now = clock.now();
    const isDue = await store.claimSelfTest(db.lane('job').system, now, new Date(now.getTime() - DAY_MS));
    // A page is no place for a daily sign of life.
    for (const channel of isDue ? teller.channels.filter((one) => one !== 'pagerduty') : []) {
      await teller.test(channel, 'the daily self-test');
    }
  }

  async function watchLeader(): Promise<void> {
    const { evaluatedAt } = await store.loadState(db.lane('job').system);
    const ageMs = evaluatedAt === null ? 0 : clock.now().getTime() - evaluatedAt.getTime();
    await silence.note(ageMs > LEADER_SILENT_MS, LEADER_HOLD_MS, (kind) => tellDirectly('alerter_silent', kind));
  }

  async function tellDirectly(id: string, kind: 'trigger' | 'resolve'): Promise<void> {
    const rule = ruleOf(id)!;
    log.error({ rule: id }, `Alert ${id} ${kind === 'trigger' ? 'fires' : 'is over'}`);
    await teller.tellDirectly(rule, kind);
  }

  return {
    async round() {
      // A round that takes longer than the clock's beat must not pile up.
      running ??= look().finally(() => (running = undefined));
      await running;
    },
  };
}

/** Tells once when something has held for long enough, and once when it is over; for what cannot be kept in the database. */
function sinceWhen(clock: Clock) {
  let sinceMs: number | undefined;
  let isTold = false;
  return {
    async note(holds: boolean, forMs: number, say: (kind: 'trigger' | 'resolve') => Promise<void>): Promise<void> {
      const nowMs = clock.monotonicMs();
      if (!holds) {
        const wasTold = isTold;
        sinceMs = undefined;
        isTold = false;
        if (wasTold) await say('resolve');
        return;
      }
      sinceMs ??= nowMs;
      if (isTold || nowMs - sinceMs < forMs) return;
      isTold = true;
      await say('trigger');
    },
  };
}

function gaugeFiring(metrics: Metrics, current: string[]): void {
  metrics.alertsFiring.reset();
  for (const { id, severity } of RULES) {
    const count = current.filter((rule) => rule === id).length;
    metrics.alertsFiring.set({ rule: id, severity }, count);
  }
}

function line(what: string, rule: string, resource: string) {
  return { fields: { rule, resource }, text: `Alert ${rule} ${what}: ${resource}` };
}
