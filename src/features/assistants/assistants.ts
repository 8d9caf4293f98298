/**
 * The voices that answer: a tenant's assistants at Vapi, and the one that is its default. Everything here keeps the two
 * promises of a control plane: a field that AVA does not know is never lost, and nothing that a person does is final.
 */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import type { Database } from '../../db/connect.ts';
import { fail, PublicError } from '../../errors.ts';
import { type IfMatch, matches } from '../../http/etag.ts';
import type { VapiAssistant } from '../../providers/vapi/shapes.ts';
import type { Vapi } from '../../providers/vapi/vapi.ts';
import type { Emit } from '../../resilience/facts.ts';
import { UpstreamError } from '../../resilience/upstream-error.ts';
import type { Audit } from '../audit/audit.ts';
import type { VapiAccess } from './access.ts';
import type { Assistant, AssistantChange, NewAssistant } from './contract.ts';
import { createEditor, type EditOrder } from './edit.ts';
import { newFields, patchOf, writable } from './fields.ts';
import { type KnownAssistant, withoutSecrets } from './known.ts';
import { createReader, type ListView, type View } from './reader.ts';
import { connectingFields, isConnected, tagOf, type WebhookTarget } from './server-target.ts';
import { type AssistantStore, createAssistantStore, type Trx } from './store.ts';
import { createStubVapi, stubAccess } from './stub-vapi.ts';
import type { ReadValues } from './tracked.ts';
import { findVersion, findVersionNumber, listVersions, type VersionFilter, versionsAsOf } from './version-store.ts';
import type { Version } from './version-store.ts';
import { assistantWire } from './wire.ts';

export type { EditOrder, EditPlan } from './edit.ts';
export type { KnownAssistant } from './known.ts';
export type { VapiAccess } from './access.ts';
export type { WebhookTarget } from './server-target.ts';

export type AssistantsDeps = {
  db: Database;
  clock: Clock;
  emit: Emit;
  vapi: Pick<Vapi, 'getAssistant' | 'listAssistants' | 'createAssistant' | 'patchAssistant' | 'deleteAssistant'>;
  /** Throws vapi_not_configured for a tenant without a key. */
  access(tenantId: string): Promise<VapiAccess>;
  /** Where the tenant's webhooks go, and the secret that proves them. */
  target(tenantId: string): Promise<WebhookTarget>;
  audit: Pick<Audit, 'record'>;
  vault: {
    seal(text: string, place: Place): Buffer;
    open(sealed: Buffer, place: Place): string;
  };
  /** The values of the settings of an assistant, by key. */
  readValues: ReadValues;
  /** Puts the job that connects a tenant's adopted assistants to this AVA, once `trx` commits. */
  reassertLater(tenantId: string, trx: Trx): Promise<void>;
  onMismatch(fact: { assistantId: string; keys: string[] }): void;
  /** Told after a change, for live updates. */
  onChange(tenantId: string, assistantId: string): void;
  isStub: boolean;
};

type Place = { tenantId: string; table: string; column: string; row: string };

/** Who asks for a change, and on the strength of which copy. */
export type Request = {
  tenantId: string;
  author: string;
  reason?: string | null | undefined;
  ifMatch?: IfMatch | undefined;
};

export type Assistants = ReturnType<typeof createAssistants>;

const CHANNEL = 'ava_assistants';
const AVA = 'AVA';

export function createAssistants(given: AssistantsDeps) {
  const { db, isStub } = given;
  const origin = randomUUID();
  const store = createAssistantStore({ db, isStub });
  const deps = isStub ? { ...given, access: stubAccess, vapi: stubVapi(given, store) } : given;
  const { vapi } = deps;
  const announce = (trx: Trx, tenantId: string, assistantId: string, revision: number) =>
    db.notify(CHANNEL, `${origin} ${tenantId} ${assistantId} ${revision}`, trx);
  const editor = createEditor({ ...deps, store, announce });
  const reader = createReader({ ...deps, store, recover: editor.recover, adoptDefault });

  /** Changes an assistant; see `EditOrder`. Resolves to what it is then. */
  async function edit(order: EditOrder): Promise<KnownAssistant> {
    try {
      const known = await editor.edit(order);
      reader.learned(order.tenantId, known);
      deps.onChange(order.tenantId, order.assistantId);
      return known;
    } catch (error) {
      reader.forget(order.tenantId);
      throw error;
    }
  }

  /** Throws a rejected key, so that a person learns of it. */
  async function view(tenantId: string, assistantId?: string): Promise<Exclude<View, { kind: 'rejected' }>> {
    const found = await reader.view(tenantId, assistantId);
    if (found.kind === 'rejected') throw found.error;
    return found;
  }

  async function list(tenantId: string): Promise<Exclude<ListView, { kind: 'rejected' }>> {
    const found = await reader.list(tenantId);
    if (found.kind === 'rejected') throw found.error;
    return found;
  }

  async function create(wanted: NewAssistant, request: Request): Promise<KnownAssistant> {
    const { default: isDefault, reason: _, ...fields } = wanted;
    return make(newFields(fields), { ...request, action: 'assistant.created', isDefault: isDefault === true });
  }

  async function duplicate(assistantId: string, name: string | undefined, request: Request): Promise<KnownAssistant> {
    const fresh = await look(request.tenantId, assistantId);
    const fields = { ...writable(fresh), name: (name ?? `${fresh.name ?? 'Assistant'} copy`).slice(0, 40) };
    return make(fields, { ...request, action: 'assistant.duplicated', details: { from: assistantId } });
  }

  type Making = Request & { action: string; isDefault?: boolean; details?: Record<string, unknown>; replaces?: string };

  /** Makes an assistant at Vapi, connected to this AVA from its first moment, and takes it under management. */
  async function make(fields: Record<string, unknown>, making: Making): Promise<KnownAssistant> {
    const { tenantId, author, action, replaces } = making;
    // Whoever was there first is found first: a new one must not become the default before it.
    await view(tenantId);
    const { credential } = await deps.access(tenantId);
    const target = await deps.target(tenantId);
    const made = await vapi.createAssistant(credential, { ...fields, ...connectingFields(fields, target, tenantId) });
    const known = await adopt(tenantId, made, async (trx) => {
      const hasDefault = (await store.defaultIn(trx)) !== undefined;
      if (making.isDefault === true || !hasDefault) await store.makeDefault(trx, made.id);
      if (replaces !== undefined) await store.moveHistory(trx, replaces, made.id);
      const details = { ...making.details, name: made.name, ...reasonOf(making) };
      await deps.audit.record(trx, { tenantId, actor: { name: author }, action, subject: made.id, details });
    });
    reader.forget(tenantId);
    deps.onChange(tenantId, made.id);
    return known;
  }

  async function adopt(
    tenantId: string,
    assistant: VapiAssistant,
    also: (trx: Trx) => Promise<void>,
  ): Promise<KnownAssistant> {
    const agreed = deps.readValues(assistant);
    const connected = isConnected(assistant, await deps.target(tenantId), tenantId);
    await store.sight(tenantId, [{ assistant: withoutSecrets(assistant), agreed, connected }]);
    return db.asTenant(tenantId, async (trx) => {
      await store.adopt(trx, assistant.id, agreed);
      if (!connected) await deps.reassertLater(tenantId, trx);
      await also(trx);
      const known = await store.findIn(trx, assistant.id);
      await announce(trx, tenantId, assistant.id, known!.revision);
      return known!;
    });
  }

  async function adoptDefault(tenantId: string, oldest: VapiAssistant): Promise<void> {
    await adopt(tenantId, oldest, async (trx) => {
      if ((await store.defaultIn(trx)) !== undefined) return;
      await store.makeDefault(trx, oldest.id);
      const details = { name: oldest.name, default: true };
      await deps.audit.record(trx, {
        ...{ tenantId, actor: { name: AVA }, action: 'assistant.adopted' },
        ...{ subject: oldest.id, details },
      });
    });
  }

  /** Changes the fields that `change` names. Throws `conflict` when If-Match tells of another state. */
  async function change(assistantId: string, wanted: AssistantChange, request: Request): Promise<KnownAssistant> {
    const { tenantId, author, ifMatch } = request;
    const { default: isDefault, reason, ...fields } = wanted;
    return edit({
      ...{ tenantId, assistantId, author, reason: reason ?? null, checked: ifMatch !== undefined },
      plan(fresh, known) {
        const current = { ...known, name: fresh.name ?? known.name, snapshot: withoutSecrets(fresh) };
        mustMatch(assistantWire(current, isStub), wanted, ifMatch);
        const names = Object.keys(wanted).filter((name) => name !== 'reason');
        return {
          action: 'set',
          patch: patchOf(fresh, fields),
          note: { action: 'assistant.changed', subject: assistantId, details: { fields: names } },
          ...(isDefault === true && !known.isDefault && { also: (trx: Trx) => store.makeDefault(trx, assistantId) }),
        };
      },
    });
  }

  /** Deletes it at Vapi; a sealed copy stays, from which `restore` makes it again. */
  async function remove(assistantId: string, request: Request): Promise<Date> {
    const { tenantId, author, ifMatch } = request;
    const { credential } = await deps.access(tenantId);
    const known = await edit({
      ...{ tenantId, assistantId, author, checked: ifMatch !== undefined },
      plan(fresh, before) {
        mustMatch(assistantWire({ ...before, snapshot: withoutSecrets(fresh) }, isStub), {}, ifMatch);
        const copy = deps.vault.seal(JSON.stringify(fresh), placeOf(tenantId, assistantId));
        return { action: 'removed', patch: {}, note: null, also: (trx) => store.keepCopy(trx, assistantId, copy) };
      },
    });
    await vapi.deleteAssistant(credential, assistantId).catch((error: unknown) => {
      if (!(error instanceof UpstreamError) || error.kind !== 'not_found') throw error;
    });
    await db.asTenant(tenantId, async (trx) => {
      await store.markDeleted(trx, assistantId);
      await announce(trx, tenantId, assistantId, Number.MAX_SAFE_INTEGER);
      const details = { name: known.name, ...reasonOf(request) };
      const note = { tenantId, actor: { name: author }, action: 'assistant.deleted', subject: assistantId, details };
      await deps.audit.record(trx, note);
    });
    reader.forget(tenantId);
    deps.onChange(tenantId, assistantId);
    return deps.clock.now();
  }

  /** Makes a deleted assistant again. Vapi gives it a new id; its history moves along. */
  async function restore(assistantId: string, request: Request): Promise<KnownAssistant> {
    const { tenantId } = request;
    const copy = await store.deletedCopy(tenantId, assistantId);
    if (copy === undefined) throw fail('not_found', 'There is no deleted assistant with this id.');
    if (copy === null) throw fail('not_found', 'It was not deleted through AVA, so there is no copy to restore.');
    const fields = writable(JSON.parse(deps.vault.open(copy, placeOf(tenantId, assistantId))) as VapiAssistant);
    return make(fields, {
      ...{ ...request, action: 'assistant.restored', replaces: assistantId },
      details: { from: assistantId },
    });
  }

  /** Connects every adopted assistant to this AVA again where that was lost; resolves to how many had to be. */
  async function reassertServers(tenantId: string): Promise<number> {
    const rows = (await store.list(tenantId)).filter((row) => row.isAdopted && row.deletedAt === null);
    const target = await deps.target(tenantId);
    let mended = 0;
    for (const { assistantId } of rows) {
      const known = await edit({
        ...{ tenantId, assistantId, author: AVA, checked: false },
        plan(fresh) {
          const isFine = isConnected(fresh, target, tenantId);
          if (!isFine) mended += 1;
          return {
            action: 'set',
            patch: isFine ? {} : connectingFields(fresh, target, tenantId),
            note: { action: 'assistant.connected', subject: assistantId, details: { url: target.url } },
          };
        },
      }).catch((error: unknown) => {
        if (error instanceof UpstreamError && error.kind === 'not_found') return undefined;
        throw error;
      });
      if (known !== undefined && !known.connected) deps.onMismatch({ assistantId, keys: ['server'] });
    }
    return mended;
  }

  /** The assistant as Vapi has it now. */
  async function look(tenantId: string, assistantId: string): Promise<VapiAssistant> {
    const { credential, mayTouch } = await deps.access(tenantId);
    const fresh = await vapi.getAssistant(credential, assistantId);
    if (!mayTouch(tagOf(fresh))) throw fail('not_found', 'There is no such assistant.');
    return fresh;
  }

  return {
    view,
    list,
    edit,
    create,
    duplicate,
    change,
    remove,
    restore,
    reassertServers,
    /** Forgets what is kept of a tenant, as after its key was changed. */
    forget: (tenantId: string) => reader.forget(tenantId),
    wire: (known: KnownAssistant): Assistant => assistantWire(known, isStub),
    isStub,
    history: (tenantId: string, assistantId: string, filter: VersionFilter) =>
      listVersions(db, tenantId, assistantId, filter),
    version: (tenantId: string, id: string): Promise<Version | undefined> => findVersion(db, tenantId, id),
    versionNumber: (tenantId: string, wanted: { assistantId: string; key: string; version: number }) =>
      findVersionNumber(db, tenantId, wanted),
    versionsAsOf: (tenantId: string, moment: Version) => versionsAsOf(db, tenantId, moment),
    /** Hears what other replicas change, until the answer is called. */
    listen: () =>
      db.listen(CHANNEL, (notice) => {
        if (notice.cause !== 'message') return reader.doubtAll();
        const [from, tenantId = '', assistantId = '', revision] = notice.payload.split(' ');
        // What this replica did, it knows already.
        if (from !== origin) reader.heard(tenantId, assistantId, Number(revision));
      }),
  };
}

function stubVapi({ clock }: AssistantsDeps, store: AssistantStore) {
  const recall = async (tenantId: string) =>
    (await store.list(tenantId)).filter((known) => known.deletedAt === null).map((known) => known.snapshot);
  return createStubVapi({ clock, recall });
}

function mustMatch(current: Assistant, wanted: AssistantChange, ifMatch: IfMatch | undefined): void {
  if (matches(ifMatch, current.etag)) return;
  const state = current as Record<string, unknown>;
  const diff = Object.entries(wanted)
    .filter(([name]) => name !== 'reason' && Object.hasOwn(state, name))
    .map(([field, yours]) => ({ field, base: null, current: state[field] ?? null, yours }));
  throw fail('conflict', 'Somebody else changed this assistant meanwhile. Look at it again before you change it.', {
    members: {
      current: { value: current, etag: current.etag, updated_at: current.updated_at, updated_by: null },
      diff,
    },
  }) satisfies PublicError;
}

function reasonOf({ reason }: Request): { reason?: string } {
  return reason === undefined || reason === null ? {} : { reason };
}

function placeOf(tenantId: string, assistantId: string): Place {
  return { tenantId, table: 'assistants', column: 'deleted_copy', row: assistantId };
}
