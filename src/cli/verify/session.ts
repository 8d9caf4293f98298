/**
 * Who the checks are made as. With an operator's token each session is a fresh tenant of verification's own, so that
 * limits are fresh and nothing of a customer is touched. Any other token is used as it is, and what it wrote is removed.
 */
import { type Probe } from './probe.ts';
import { CheckFailed } from './run.ts';
import { say } from './say.ts';

export type Session = { token: string; tenantId: string | undefined; isSynthetic: boolean };

export type Sessions = {
  /** The session of all checks that need no fresh limit. */
  shared(): Promise<Session>;
  /** A session with an unused limit, where that can be had. */
  fresh(): Promise<Session>;
  /** Removes every synthetic tenant that was made; answers those that could not be removed. */
  closeAll(): Promise<string[]>;
};

export function createSessions(probe: Probe, token: string): Sessions {
  const opened: string[] = [];
  let common: Promise<Session> | undefined;

  async function open(): Promise<Session> {
    const answer = await probe.ask('POST', '/api/v1/ops/verification/session', { token });
    if (answer.status === 403 || answer.status === 404) return { token, tenantId: undefined, isSynthetic: false };
    const { tenant_id: tenantId, access_token: own } = (answer.json ?? {}) as Record<string, string | undefined>;
    if (answer.status !== 200 || tenantId === undefined || own === undefined) {
      throw new CheckFailed(say`A verification session could not be opened: the server answered ${answer.status}.`);
    }
    opened.push(tenantId);
    return { token: own, tenantId, isSynthetic: true };
  }

  return {
    shared: () => (common ??= open()),
    fresh: open,
    async closeAll() {
      const left: string[] = [];
      for (const tenantId of opened.splice(0)) {
        const path = `/api/v1/ops/verification/session/${tenantId}`;
        const answer = await probe.ask('DELETE', path, { token }).catch(() => undefined);
        if (answer?.status !== 200 && answer?.status !== 404) left.push(tenantId);
      }
      return left;
    },
  };
}
