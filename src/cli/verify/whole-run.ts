/** All checks, then the house in order again: what verification made is removed, and what cannot be removed is told. */
import type { Check } from '../../features/releases/contract.ts';
import type { VerifyContext } from './context.ts';
import { type CheckDefinition, type Progress, runChecks } from './run.ts';
import { say, textOf } from './say.ts';

export async function runWhole(
  definitions: readonly CheckDefinition<VerifyContext>[],
  context: VerifyContext,
  progress: Progress,
): Promise<Check[]> {
  let checks: Check[] = [];
  let left: string[] = [];
  let endedMs = 0;
  try {
    checks = await runChecks(definitions, context, progress);
  } finally {
    endedMs = performance.now();
    context.probe.takeEvidence();
    left = await context.sessions.closeAll();
  }
  if (left.length === 0) return checks;
  const said = say`Tenants of this verification could not be removed: ${left.join(', ')}. AVA removes them by itself an hour later.`;
  const residue: Check = {
    ...{ id: 'residue', requirement: 'R3', title: 'Nothing is left behind', state: 'failed' },
    detail: textOf(said),
    said: [...said],
    duration_ms: Math.round(performance.now() - endedMs),
    evidence: context.probe.takeEvidence(),
  };
  progress.onEnd(residue);
  return [...checks, residue];
}
