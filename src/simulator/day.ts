import type { DayOrder, DayRun } from './stories.ts';
import type { Control } from './strings.ts';
import type { Random } from './random.ts';
import type { CallResult, CallScript } from './telephony/call.ts';
import { type Time, wait } from './time.ts';

type Parts = { control: Control; random: Random; time: Time; order: DayOrder };

const KEPT_FAILURES = 20;

/** Begins a day of callers, seeded: who rings, where, and how patient they are. */
export function startDay(parts: Parts): DayRun {
  const { control, random, order } = parts;
  if (!Number.isInteger(order.calls) || order.calls < 1) throw new Error('calls must be a whole number above 0');
  const numbers = order.to ?? control.numbers();
  if (numbers.length === 0) throw new Error('No number has a voice URL yet; give one a voice URL, or name it in `to`');
  const run: DayRun = {
    id: random.uuid(),
    calls: order.calls,
    done: 0,
    isDone: false,
    outcomes: { ai: 0, person: 0, voicemail: 0, sentence: 0, abandoned: 0, error: 0 },
    heardError: 0,
    longestSilenceMs: 0,
    failed: [],
  };
  void callAll(parts, numbers, run);
  return run;
}

async function callAll({ control, random, time, order }: Parts, numbers: string[], run: DayRun): Promise<void> {
  const { everySeconds = 5, atOnce = 8 } = order;
  const onTheLine = new Set<Promise<void>>();
  for (let index = 0; index < order.calls; index++) {
    if (onTheLine.size >= atOnce) await Promise.race(onTheLine);
    const call = control.placeCall({ to: random.pick(numbers), script: callerOf(random) });
    const noted: Promise<void> = call.then((result) => count(run, result)).finally(() => onTheLine.delete(noted));
    onTheLine.add(noted);
    await wait(time.story, random.next() * 2 * everySeconds * 1000);
  }
  await Promise.all(onTheLine);
  run.isDone = true;
}

/** Most callers listen to the end; some lose patience, some let the assistant say goodbye. */
function callerOf(random: Random): CallScript {
  const kind = random.next();
  if (kind < 0.1) return { hangsUpAfterSeconds: random.integer(3, 15) };
  if (kind < 0.3) return { endedBy: 'assistant' };
  return {};
}

function count(run: DayRun, result: CallResult): void {
  run.done++;
  run.outcomes[result.outcome]++;
  if (result.heardError) run.heardError++;
  run.longestSilenceMs = Math.max(run.longestSilenceMs, result.longestSilenceMs);
  if (result.outcome === 'error' && run.failed.length < KEPT_FAILURES) run.failed.push(result);
}
