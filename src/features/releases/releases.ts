/** What was verified and what was released: kept as it was reported, judged by AVA's own count. */
import type { Clock } from '../../clock.ts';
import type { Database } from '../../db/connect.ts';
import { fail } from '../../errors.ts';
import type { Actor } from '../../http/caller.ts';
import type { Audit } from '../audit/audit.ts';
import type { Check, ReleaseBody, ReleaseWire, VerificationBody, VerificationWire } from './contract.ts';
import * as store from './store.ts';

export type ReleasesDeps = { db: Database; clock: Clock; audit: Pick<Audit, 'record'>; onChange: () => void };

export type Releases = ReturnType<typeof createReleases>;

type Paged = { cursor?: string | undefined; limit: number };

export function createReleases({ db, clock, audit, onChange }: ReleasesDeps) {
  async function recordRun(actor: Actor, run: VerificationBody): Promise<VerificationWire> {
    const { tenantId, name } = actor;
    const judged = judge(run.checks);
    const id = await db.asTenant(tenantId, async (trx) => {
      const made = await store.addRun(trx, { tenantId, author: name, now: clock.now(), run, judged });
      const details = { kind: run.kind, ...judged };
      await audit.record(trx, { tenantId, actor, action: 'verification.recorded', subject: run.target, details });
      return made;
    });
    onChange();
    return getRun(tenantId, id);
  }

  async function getRun(tenantId: string, id: string): Promise<VerificationWire> {
    const run = await db.asTenant(tenantId, (trx) => store.findRun(trx, id));
    if (run === undefined) throw fail('not_found', 'There is no such verification run.');
    return run;
  }

  async function listRuns(tenantId: string, { cursor, limit }: Paged) {
    const found = await db.asTenant(tenantId, (trx) => store.listRuns(trx, limit + 1, placeOf(cursor)));
    const verifications = found.slice(0, limit);
    return { verifications, next_cursor: nextOf(found, limit, (run) => run.recorded_at) };
  }

  async function recordRelease(actor: Actor, body: ReleaseBody): Promise<ReleaseWire> {
    const { tenantId } = actor;
    const release = await store.addRelease(db.system, body, actor.name);
    const details = { target: body.target, state: body.state };
    await db.asTenant(tenantId, (trx) =>
      audit.record(trx, { tenantId, actor, action: 'release.recorded', subject: body.version, details }),
    );
    onChange();
    return release;
  }

  async function listReleases({ cursor, limit }: Paged) {
    const found = await store.listReleases(db.system, limit + 1, placeOf(cursor));
    return {
      releases: found.slice(0, limit),
      next_cursor: nextOf(found, limit, (release) => release.started_at),
    };
  }

  return { recordRun, getRun, listRuns, recordRelease, listReleases };
}

/** A run is passed only when every check is: a skipped one is never counted as passed. */
export function judge(checks: Check[]): store.Judged {
  const count = (state: Check['state']) => checks.filter((check) => check.state === state).length;
  const [passed, failed, skipped] = [count('passed'), count('failed'), count('skipped')];
  const outcome = failed > 0 ? 'failed' : skipped > 0 ? 'incomplete' : 'passed';
  return { outcome, passed, failed, skipped };
}

function nextOf<T extends { id: string }>(found: T[], limit: number, at: (row: T) => string): string | null {
  const last = found[limit - 1];
  if (found.length <= limit || last === undefined) return null;
  return Buffer.from(`${at(last)} ${last.id}`).toString('base64url');
}

function placeOf(cursor: string | undefined): store.Place | undefined {
  if (cursor === undefined) return undefined;
  const [at = '', id = ''] = Buffer.from(cursor, 'base64url').toString().split(' ');
  const moment = new Date(at);
  if (!Number.isNaN(moment.getTime()) && /^[0-9a-f-]{36}$/.test(id)) return { at: moment, id };
  throw fail('bad_request', 'This cursor is not one that AVA gave.');
}
