/** The eight smoke checks against one replica. */
import type { Check } from '../../features/releases/contract.ts';
import { createProbe } from '../verify/probe.ts';
import { SILENT } from '../verify/report-table.ts';
import { type CheckDefinition, runChecks, skip } from '../verify/run.ts';
import { say } from '../verify/say.ts';
import { createSessions, type Sessions } from '../verify/session.ts';
import { SMOKE_CHECKS } from '../verify/smoke.ts';
import type { VerifyContext } from '../verify/context.ts';
import type { Build } from './targets/target.ts';

export type SmokeOrder = {
  url: string;
  token: string;
  build: Build;
  /** Requests a minute that one user may make; undefined: as the server tells. */
  limit: number | undefined;
  metricsToken: string | undefined;
  /**
   * On the way back everything is asked as verification's own tenant: a minute's requests that the operator has used
   * up must not hold a rollback.
   */
  isBack: boolean;
};

/** More at once than this would be a load test. */
const LARGEST_BURST = 500;

export async function smokeChecks(order: SmokeOrder): Promise<Check[]> {
  const probe = createProbe(order.url);
  const sessions = createSessions(probe, order.token);
  try {
    const token = order.isBack ? await ownToken(sessions, order.token) : order.token;
    const limit = order.limit ?? (await toldLimit(probe, token));
    const { version: expectVersion, commit: expectCommit } = order.build;
    const options = { url: order.url, token, limit, expectVersion, expectCommit, metricsToken: order.metricsToken };
    const checks = SMOKE_CHECKS.map((check) =>
      check.id === 'rate_limit' && limit > LARGEST_BURST ? tooHigh(check) : check,
    );
    return await runChecks(checks, { probe, sessions, options }, SILENT);
  } finally {
    await sessions.closeAll();
  }
}

async function ownToken(sessions: Sessions, otherwise: string): Promise<string> {
  return await sessions.shared().then(
    (session) => session.token,
    () => otherwise,
  );
}

async function toldLimit(probe: VerifyContext['probe'], token: string): Promise<number> {
  const answer = await probe.ask('GET', '/api/v1/auth/me', { token }).catch(() => undefined);
  const told = Number(answer?.headers.get('x-ratelimit-limit'));
  return Number.isInteger(told) && told > 0 ? told : 10;
}

function tooHigh(check: CheckDefinition<VerifyContext>): CheckDefinition<VerifyContext> {
  const why = say`A limit above ${LARGEST_BURST} a minute is not tried out during a release.`;
  return { ...check, run: async () => skip(why) };
}
