/** What was verified and what was released: kept as it was reported, judged by AVA's own count. */
import type { Clock } from '../../clock.ts';
import type { Database } from '../../db/connect.ts';
import { errorsOf, fail } from '../../errors.ts';
import type { Actor } from '../../http/caller.ts';
import type { Audit } from '../audit/audit.ts';
import {
  type Check,
  RELEASE_ERRORS,
  type ReleaseBody,
  type ReleaseChangeBody,
  type ReleaseDetailWire,
  type VerificationBody,
  type VerificationWire,
} from './contract.ts';
import * as releaseStore from './release-store.ts';
import * as store from './store.ts';

/** What people are told of a release when it begins and when it ends. */
export type ReleaseNews = { key: string; title: string; lines: string[]; isBad: boolean };

export type ReleasesDeps = {
  db: Database;
  clock: Clock;
  audit: Pick<Audit, 'record'>;
  onChange: () => void;
  /** Tells the channels, behind; never throws. */
  announce: (news: ReleaseNews) => unknown;
};

const failRelease = errorsOf(RELEASE_ERRORS);

export type Releases = ReturnType<typeof createReleases>;

type Paged = { cursor?: string | undefined; limit: number };

export function createReleases({ db, clock, audit, onChange, announce }: ReleasesDeps) {
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

  /** Keeps a release; one that is held and runs is the only one. Throws `release_running`. */
  async function recordRelease(actor: Actor, body: ReleaseBody): Promise<ReleaseDetailWire> {
    const release = await releaseStore.addRelease(db.system, body, actor.name, clock.now());
    if (release === undefined) throw failRelease('release_running', await whoRuns());
    await note(actor, release.holder === null || release.state !== 'running' ? 'recorded' : 'begun', release);
    return release;
  }

  /** How a running release stands, or how it ended. Throws `not_found`, `release_over` or `release_not_yours`. */
  async function changeRelease(actor: Actor, id: string, body: ReleaseChangeBody): Promise<ReleaseDetailWire> {
    const before = await getRelease(id);
    const release = await releaseStore.changeRelease(db.system, id, body, clock.now());
    if (release === undefined) throw await whyNot(id);
    if (before.holder !== release.holder) await note(actor, 'taken_over', release);
    if (release.state !== 'running') await note(actor, 'ended', release);
    onChange();
    return release;
  }

  async function getRelease(id: string): Promise<ReleaseDetailWire> {
    const release = await releaseStore.findRelease(db.system, id);
    if (release === undefined) throw fail('not_found', 'There is no such release.');
    return release;
  }

  async function note(actor: Actor, what: 'recorded' | 'begun' | 'taken_over' | 'ended', release: ReleaseDetailWire) {
    const { tenantId } = actor;
    const { id, kind, target, state, holder, reason, previous_version: from } = release;
    const details = { id, kind, target, state, from, ...(holder === null ? {} : { holder }), reason };
    const entry = { tenantId, actor, action: `release.${what}`, subject: release.version, details };
    await db.asTenant(tenantId, (trx) => audit.record(trx, entry));
    onChange();
    const news = newsOf(what, release);
    if (news !== undefined) announce(news);
  }

  async function whoRuns(): Promise<string> {
    const held = await releaseStore.findHeldRelease(db.system);
    if (held === undefined) return 'Another release has just ended. Try again.';
    const { kind, version, author, started_at: since } = held;
    return `A ${kind} to ${version} by ${author} is under way since ${since}; finish it, or roll it back, first.`;
  }

  async function whyNot(id: string) {
    const { state, holder } = await getRelease(id);
    if (state !== 'running') return failRelease('release_over', `This release has ended: ${state}.`);
    return failRelease('release_not_yours', `${holder ?? 'Nobody'} carries this release out.`);
  }

  async function listReleases({ cursor, limit }: Paged) {
    const found = await releaseStore.listReleases(db.system, limit + 1, placeOf(cursor));
    return {
      releases: found.slice(0, limit),
      next_cursor: nextOf(found, limit, (release) => release.started_at),
    };
  }

  return { recordRun, getRun, listRuns, recordRelease, changeRelease, getRelease, listReleases };
}

/** A run is passed only when every check is: a skipped one is never counted as passed. */
export function judge(checks: Check[]): store.Judged {
  const count = (state: Check['state']) => checks.filter((check) => check.state === state).length;
  const [passed, failed, skipped] = [count('passed'), count('failed'), count('skipped')];
  const outcome = failed > 0 ? 'failed' : skipped > 0 ? 'incomplete' : 'passed';
  return { outcome, passed, failed, skipped };
}

const ENDINGS = { succeeded: 'is verified and stays', rolled_back: 'was rolled back', failed: 'failed' } as const;

function newsOf(what: string, { id, kind, version, ...release }: ReleaseDetailWire): ReleaseNews | undefined {
  if (what === 'taken_over') return undefined;
  const from = release.previous_version === null ? '' : ` from ${release.previous_version}`;
  const name = `The ${kind} to ${version}`;
  const lines = [...(release.reason === null ? [] : [release.reason]), `By ${release.author}, on ${release.target}.`];
  if (release.state === 'running') {
    const title = `A ${kind} to ${version}${from} has begun`;
    return what === 'begun' ? { key: `release:${id}:begun`, title, lines, isBad: false } : undefined;
  }
  const title = `${name} ${ENDINGS[release.state]}`;
  return { key: `release:${id}:ended`, title, lines, isBad: release.state !== 'succeeded' };
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
