import type { VerifyContext } from './context.ts';
import type { CheckDefinition } from './run.ts';
import { SMOKE_CHECKS } from './smoke.ts';

/** LIST: every check of `ava verify`. */
export const FULL_CHECKS: readonly CheckDefinition<VerifyContext>[] = [...SMOKE_CHECKS];
