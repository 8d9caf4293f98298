/** Assistants, the edit of each that is under way, and the versions of their fields. */
import { type Kysely, sql, type Transaction } from 'kysely';
import type { Database } from '../../db/connect.ts';
import type { Schema } from '../../db/schema.ts';
import type { VapiAssistant } from '../../providers/vapi/shapes.ts';
import type { KnownAssistant, Mark, OpenEdit, Values } from './known.ts';
import { leaseStatements, openEditOf } from './lease-store.ts';

export type Trx = Transaction<Schema>;

/** Rows of stub mode and real ones never meet. */
export type StoreDeps = { db: Database; isStub: boolean };

export type AssistantStore = ReturnType<typeof createAssistantStore>;

export type Sighting = { assistant: VapiAssistant; agreed: Values; connected: boolean };

export function createAssistantStore({ db, isStub }: StoreDeps) {
  const rows = (trx: Kysely<Schema>) => trx.selectFrom('assistants').where('stub', '=', isStub);

  async function findIn(trx: Trx, assistantId: string): Promise<KnownAssistant | undefined> {
    const row = await rows(trx).selectAll().where('vapi_assistant_id', '=', assistantId).executeTakeFirst();
    if (row === undefined) return undefined;
    return knownFrom(row, await marksOf(trx, assistantId), await openEditOf(trx, assistantId));
  }

  async function defaultIn(trx: Trx): Promise<string | undefined> {
    const row = await rows(trx)
      .select('vapi_assistant_id')
      .where('is_default', '=', true)
      .where('deleted_at', 'is', null)
      .executeTakeFirst();
    return row?.vapi_assistant_id;
  }

  return {
    /** Also one that was deleted. */
    find: (tenantId: string, assistantId: string): Promise<KnownAssistant | undefined> =>
      db.asTenant(tenantId, (trx) => findIn(trx, assistantId)),

    defaultIn: (trx: Trx): Promise<string | undefined> => defaultIn(trx),

    findDefault: (tenantId: string): Promise<KnownAssistant | undefined> =>
      db.asTenant(tenantId, async (trx) => {
        const assistantId = await defaultIn(trx);
        return assistantId === undefined ? undefined : findIn(trx, assistantId);
      }),

    /** Newest first, with those that were deleted; without marks. */
    list: (tenantId: string): Promise<KnownAssistant[]> =>
      db.asTenant(tenantId, async (trx) => {
        const found = await rows(trx)
          .selectAll()
          .orderBy(sql`snapshot->>'createdAt'`, 'desc')
          .orderBy('vapi_assistant_id')
          .execute();
        return found.map((row) => knownFrom(row, new Map(), null));
      }),

    revisions: (tenantId: string): Promise<Map<string, number>> =>
      db.asTenant(tenantId, async (trx) => {
        const found = await rows(trx).select(['vapi_assistant_id', 'revision']).execute();
        return new Map(found.map((row) => [row.vapi_assistant_id, row.revision]));
      }),

    /** Makes the rows of those that are new. */
    sight: (tenantId: string, sightings: Sighting[]): Promise<void> =>
      db.asTenant(tenantId, (trx) => addMissing(trx, tenantId, sightings, isStub)),

    /** Writes Vapi's answer over a copy of the same `revision`; false when that has moved on. */
    refresh: (tenantId: string, sighting: Sighting, revision: number): Promise<boolean> =>
      db.asTenant(tenantId, async (trx) => {
        const updated = await trx
          .updateTable('assistants')
          .set({ ...snapshotColumns(sighting), deleted_at: null })
          .where('vapi_assistant_id', '=', sighting.assistant.id)
          .where('revision', '=', revision)
          .executeTakeFirst();
        return updated.numUpdatedRows > 0n;
      }),

    /** Takes it under management, unless it is already; `agreed` is what drift is measured against from now on. */
    adopt: (trx: Trx, assistantId: string, agreed: Values): Promise<boolean> => adopt(trx, assistantId, agreed),

    /** Makes it the one default; the tenant's others stop being it. */
    makeDefault: (trx: Trx, assistantId: string): Promise<void> => makeDefault(trx, assistantId, isStub),

    /** Gone at Vapi. */
    markGone: (tenantId: string, assistantId: string): Promise<void> =>
      db.asTenant(tenantId, (trx) => markDeleted(trx, assistantId)),

    markDeleted: (trx: Trx, assistantId: string): Promise<void> => markDeleted(trx, assistantId),

    keepCopy: async (trx: Trx, assistantId: string, copy: Buffer): Promise<void> => {
      await trx
        .updateTable('assistants')
        .set({ deleted_copy: copy })
        .where('vapi_assistant_id', '=', assistantId)
        .execute();
    },

    /** Gives the versions of one assistant to the one that was made from its copy. */
    moveHistory: async (trx: Trx, from: string, to: string): Promise<void> => {
      await trx
        .updateTable('setting_versions')
        .set({ vapi_assistant_id: to })
        .where('vapi_assistant_id', '=', from)
        .execute();
      await trx.deleteFrom('assistants').where('vapi_assistant_id', '=', from).execute();
    },

    deletedCopy: (tenantId: string, assistantId: string): Promise<Buffer | null | undefined> =>
      db.asTenant(tenantId, async (trx) => {
        const row = await rows(trx)
          .select(['deleted_copy'])
          .where('vapi_assistant_id', '=', assistantId)
          .where('deleted_at', 'is not', null)
          .executeTakeFirst();
        return row?.deleted_copy;
      }),

    /** Locks the row until the transaction ends, so that versions are numbered one after the other. */
    lockRow: async (trx: Trx, assistantId: string): Promise<{ agreed: Values; isAdopted: boolean } | undefined> => {
      const row = await rows(trx)
        .select(['agreed', 'adopted_at'])
        .where('vapi_assistant_id', '=', assistantId)
        .forUpdate()
        .executeTakeFirst();
      return row && { agreed: row.agreed as Values, isAdopted: row.adopted_at !== null };
    },

    settle: (trx: Trx, sighting: Sighting): Promise<number> => settle(trx, sighting),
    findIn,
    ...leaseStatements(db),
  };
}

type AssistantRow = {
  vapi_assistant_id: string;
  name: string;
  is_default: boolean;
  adopted_at: Date | null;
  snapshot: object | null;
  snapshot_at: Date;
  agreed: object | null;
  revision: number;
  connected: boolean;
  deleted_at: Date | null;
};

function knownFrom(row: AssistantRow, marks: ReadonlyMap<string, Mark>, openEdit: OpenEdit | null): KnownAssistant {
  return {
    assistantId: row.vapi_assistant_id,
    name: row.name,
    isDefault: row.is_default && row.deleted_at === null,
    isAdopted: row.adopted_at !== null,
    snapshot: row.snapshot as VapiAssistant,
    snapshotAt: row.snapshot_at,
    agreed: (row.agreed ?? {}) as Values,
    revision: row.revision,
    connected: row.connected,
    deletedAt: row.deleted_at,
    marks,
    openEdit,
  };
}

async function marksOf(trx: Trx, assistantId: string): Promise<Map<string, Mark>> {
  const found = await trx
    .selectFrom('setting_versions')
    .distinctOn('key')
    .select(['key', 'version', 'created_at', 'author'])
    .where('vapi_assistant_id', '=', assistantId)
    .orderBy('key')
    .orderBy('version', 'desc')
    .execute();
  return new Map(found.map((row) => [row.key, { version: row.version, at: row.created_at, by: row.author }]));
}

function snapshotColumns({ assistant, connected }: Sighting) {
  return {
    name: assistant.name ?? 'Unnamed assistant',
    snapshot: JSON.stringify(assistant),
    snapshot_at: sql<Date>`now()`,
    connected,
  };
}

async function addMissing(trx: Trx, tenantId: string, sightings: Sighting[], isStub: boolean): Promise<void> {
  if (sightings.length === 0) return;
  const values = sightings.map((sighting) => ({
    tenant_id: tenantId,
    vapi_assistant_id: sighting.assistant.id,
    agreed: JSON.stringify(sighting.agreed),
    created_at: new Date(sighting.assistant.createdAt),
    deleted_at: null,
    adopted_at: null,
    deleted_copy: null,
    stub: isStub,
    ...snapshotColumns(sighting),
  }));
  await trx
    .insertInto('assistants')
    .values(values)
    .onConflict((conflict) => conflict.columns(['tenant_id', 'vapi_assistant_id']).doNothing())
    .execute();
}

async function adopt(trx: Trx, assistantId: string, agreed: Values): Promise<boolean> {
  const updated = await trx
    .updateTable('assistants')
    .set({ adopted_at: sql<Date>`now()`, agreed: JSON.stringify(agreed) })
    .where('vapi_assistant_id', '=', assistantId)
    .where('adopted_at', 'is', null)
    .executeTakeFirst();
  return updated.numUpdatedRows > 0n;
}

async function makeDefault(trx: Trx, assistantId: string, isStub: boolean): Promise<void> {
  await trx
    .updateTable('assistants')
    .set({ is_default: false })
    .where('is_default', '=', true)
    .where('stub', '=', isStub)
    .where('vapi_assistant_id', '!=', assistantId)
    .execute();
  await trx
    .updateTable('assistants')
    .set((eb) => ({ is_default: true, revision: eb('revision', '+', 1) }))
    .where('vapi_assistant_id', '=', assistantId)
    .where('deleted_at', 'is', null)
    .execute();
}

async function markDeleted(trx: Trx, assistantId: string): Promise<void> {
  await trx
    .updateTable('assistants')
    .set((eb) => ({
      deleted_at: sql<Date>`now()`,
      is_default: false,
      revision: eb('revision', '+', 1),
    }))
    .where('vapi_assistant_id', '=', assistantId)
    .where('deleted_at', 'is', null)
    .execute();
}

/** Writes the outcome of a change; resolves to the new revision. */
async function settle(trx: Trx, sighting: Sighting): Promise<number> {
  const row = await trx
    .updateTable('assistants')
    .set((eb) => ({
      ...snapshotColumns(sighting),
      agreed: JSON.stringify(sighting.agreed),
      revision: eb('revision', '+', 1),
    }))
    .where('vapi_assistant_id', '=', sighting.assistant.id)
    .returning('revision')
    .executeTakeFirstOrThrow();
  return row.revision;
}
