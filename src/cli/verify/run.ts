/** Runs checks one after the other. A check passes, fails with what was seen, or says why it could not be made. */
import type { Check, Evidence } from '../../features/releases/contract.ts';
import { type Probe, Unreachable } from './probe.ts';
import { type Said, say, textOf } from './say.ts';

export type CheckDefinition<Context> = {
  id: string;
  requirement: string | null;
  title: string;
  /** Resolves to what was seen. Throws `CheckFailed` or `CheckSkipped`. */
  run: (context: Context, note: (evidence: Evidence) => void) => Promise<Said>;
};

/** Ends a check before it has passed. */
class CheckEnded extends Error {
  readonly said: Said;
  constructor(said: Said) {
    super(textOf(said));
    this.said = said;
  }
}

export class CheckFailed extends CheckEnded {
  override readonly name = 'CheckFailed';
}

/** Never counted as passed. */
export class CheckSkipped extends CheckEnded {
  override readonly name = 'CheckSkipped';
}

export function must(isSo: unknown, otherwise: Said): asserts isSo {
  if (!isSo) throw new CheckFailed(otherwise);
}

export function skip(why: Said): never {
  throw new CheckSkipped(why);
}

export type Progress = { onStart(title: string, index: number, total: number): void; onEnd(check: Check): void };

export async function runChecks<Context extends { probe: Probe }>(
  definitions: readonly CheckDefinition<Context>[],
  context: Context,
  progress: Progress,
): Promise<Check[]> {
  const checks: Check[] = [];
  for (const [index, definition] of definitions.entries()) {
    progress.onStart(definition.title, index + 1, definitions.length);
    const check = await runOne(definition, context);
    checks.push(check);
    progress.onEnd(check);
  }
  return checks;
}

async function runOne<Context extends { probe: Probe }>(
  { id, requirement, title, run }: CheckDefinition<Context>,
  context: Context,
): Promise<Check> {
  const startedMs = performance.now();
  const noted: Evidence[] = [];
  context.probe.takeEvidence();
  const outcome = await run(context, (evidence) => noted.push(evidence)).then(
    (said) => ({ state: 'passed' as const, said }),
    (error: unknown) => judged(error),
  );
  const durationMs = Math.round(performance.now() - startedMs);
  const evidence = [...context.probe.takeEvidence(), ...noted].slice(0, 20);
  return {
    id,
    requirement,
    title,
    state: outcome.state,
    detail: textOf(outcome.said).slice(0, 2000),
    said: [...outcome.said],
    duration_ms: durationMs,
    evidence,
  };
}

function judged(error: unknown): { state: 'failed' | 'skipped'; said: Said } {
  if (error instanceof CheckSkipped) return { state: 'skipped', said: error.said };
  if (error instanceof CheckFailed) return { state: 'failed', said: error.said };
  if (error instanceof Unreachable) return { state: 'failed', said: say`No answer: ${error.message}.` };
  return { state: 'failed', said: say`The check itself broke: ${error instanceof Error ? error.message : error}` };
}
