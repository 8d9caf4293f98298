import type { VerifyContext } from './context.ts';
import type { CheckDefinition } from './run.ts';

export function mapGuide(_guide: string, checks: readonly CheckDefinition<VerifyContext>[]) {
  return checks;
}
