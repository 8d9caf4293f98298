/**
 * Who changed what. Every change writes one entry in its own transaction: no change without its entry, no entry
 * without its change. The entries of a tenant form a chain of keyed hashes, so that an edit, a deletion or another
 * order shows. Whoever writes to the database can still cut off the newest entries and set the head back with them;
 * the daily log line with the head is the anchor outside that shows this too.
 */
import type { Transaction } from 'kysely';
import type { Clock } from '../../clock.ts';
import { currentCorrelationId } from '../../correlation.ts';
import type { Database } from '../../db/connect.ts';
import type { Schema } from '../../db/schema.ts';
import type { Log } from '../../log.ts';
import { storable } from '../../storable.ts';
import type { AuditEntryWire, AuditVerificationWire } from './contract.ts';
import { BEGINNING, hashEntry } from './chain.ts';
import {
  append,
  type EntryFilter,
  findEnd,
  type Head,
  listAfter,
  listBefore,
  lockHead,
  type StoredEntry,
} from './store.ts';

export type AuditNote = {
  tenantId: string;
  /** A person, or the part of AVA that acted. */
  actor: { name: string };
  /** Noun and past participle, with a dot between. */
  action: string;
  /** What was changed. */
  subject: string;
  /** Never a secret. */
  details?: Record<string, unknown>;
};

/** A head that was seen earlier, outside of the database. */
export type Anchor = { sequence: number; hash: string };

export type Audit = {
  /**
   * Adds an entry in the tenant's transaction `trx`. Call it last: the tenant's other writers of entries wait from
   * here until `trx` ends.
   */
  record(trx: Transaction<Schema>, note: AuditNote): Promise<void>;
  list(tenantId: string, filter: EntryFilter): Promise<{ entries: AuditEntryWire[]; nextCursor: string | null }>;
  /** Walks the whole chain; with `anchor` also tells whether the end was cut off since. */
  verifyChain(tenantId: string, anchor?: Anchor): Promise<AuditVerificationWire>;
  /** Writes the head of every tenant's chain to the log: the anchor outside of the database. For a daily clock. */
  logHeads(): Promise<void>;
};

export type AuditDeps = { db: Database; clock: Clock; log: Log; key: (trx?: Transaction<Schema>) => Promise<Buffer> };

const BATCH = 1000;

export function createAudit(deps: AuditDeps): Audit {
  const { db, clock } = deps;
  return {
    async record(trx, note) {
      const key = await deps.key(trx);
      const head = await lockHead(trx, note.tenantId);
      const entry = {
        tenantId: note.tenantId,
        sequence: head.sequence + 1,
        at: clock.now().toISOString().replace('Z', '000Z'),
        actor: storable(note.actor.name),
        action: note.action,
        subject: storable(note.subject),
        correlationId: currentCorrelationId(),
        // Through JSON once, so that what is hashed is what will be read back.
        details: storable(JSON.parse(JSON.stringify(note.details ?? null))) as unknown,
      };
      await append(trx, { ...entry, previousHash: head.hash, hash: hashEntry(key, head.hash, entry) });
    },

    async list(tenantId, filter) {
      const found = await db.asTenant(tenantId, (trx) => listBefore(trx, { ...filter, limit: filter.limit + 1 }));
      const page = found.slice(0, filter.limit);
      return {
        entries: page.map(toWire),
        nextCursor: found.length > page.length ? String(page.at(-1)!.sequence) : null,
      };
    },

    verifyChain: (tenantId, anchor) => verify(deps, tenantId, anchor),

    async logHeads() {
      const tenants = await db.system.selectFrom('tenants').select('id').execute();
      for (const { id } of tenants) {
        const { head } = await db.asTenant(id, findEnd);
        if (head.sequence === 0) continue;
        const fields = { tenant: id, entries: head.sequence, head: head.hash.toString('hex') };
        deps.log.info(fields, 'Audit trail head');
      }
    },
  };
}

async function verify(deps: AuditDeps, tenantId: string, anchor: Anchor | undefined): Promise<AuditVerificationWire> {
  const key = await deps.key();
  // One snapshot of both ends; entries that are added while this walks are left for the next walk.
  const { head, newest } = await deps.db.asTenant(tenantId, findEnd);
  const answer = (brokenAt: number | undefined): AuditVerificationWire => ({
    intact: brokenAt === undefined,
    entries: newest,
    broken_at: brokenAt === undefined ? null : String(brokenAt),
    head: head.sequence === 0 ? null : head.hash.toString('hex'),
  });

  let last: Head = { sequence: 0, hash: BEGINNING };
  while (last.sequence < head.sequence) {
    const page = await deps.db.asTenant(tenantId, (trx) => listAfter(trx, last.sequence, BATCH));
    if (page.length === 0) return answer(last.sequence + 1);
    for (const entry of page) {
      if (entry.sequence > head.sequence) break;
      if (!follows(key, entry, last)) return answer(last.sequence + 1);
      last = { sequence: entry.sequence, hash: entry.hash };
      if (anchor?.sequence === last.sequence && anchor.hash !== last.hash.toString('hex')) return answer(last.sequence);
    }
    if (page.at(-1)!.sequence > head.sequence && last.sequence < head.sequence) return answer(last.sequence + 1);
  }
  const isWhole = newest === head.sequence && last.hash.equals(head.hash);
  const isCut = anchor !== undefined && anchor.sequence > head.sequence;
  return answer(isWhole && !isCut ? undefined : last.sequence + 1);
}

function follows(key: Buffer, entry: StoredEntry, last: Head): boolean {
  return (
    entry.sequence === last.sequence + 1 &&
    entry.previousHash.equals(last.hash) &&
    entry.hash.equals(hashEntry(key, last.hash, entry))
  );
}

function toWire(entry: StoredEntry): AuditEntryWire {
  return {
    id: String(entry.sequence),
    at: entry.at,
    actor: entry.actor,
    action: entry.action,
    subject: entry.subject,
    correlation_id: entry.correlationId,
    details: entry.details as Record<string, unknown> | null,
    hash: entry.hash.toString('hex'),
  };
}
