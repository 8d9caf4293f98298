/** Assistants come and go: made, copied, deleted, and made again from the copy that a deletion leaves. */
import type { Clock } from '../../clock.ts';
import type { Database } from '../../db/connect.ts';
import { fail } from '../../errors.ts';
import type { VapiAssistant } from '../../providers/vapi/shapes.ts';
import type { Vapi } from '../../providers/vapi/vapi.ts';
import { UpstreamError } from '../../resilience/upstream-error.ts';
import type { Audit } from '../audit/audit.ts';
import type { VapiAccess } from './access.ts';
import type { Adopt } from './adoption.ts';
import type { NewAssistant } from './contract.ts';
import type { EditOrder } from './edit.ts';
import { newFields, writable } from './fields.ts';
import { type KnownAssistant, withoutSecrets } from './known.ts';
import { mustMatch, reasonOf, type Request } from './order.ts';
import { connectingFields, tagOf, type WebhookTarget } from './server-target.ts';
import type { AssistantStore, Trx } from './store.ts';
import { assistantWire } from './wire.ts';

export type Place = { tenantId: string; table: string; column: string; row: string };

export type MakingDeps = {
  db: Database;
  clock: Clock;
  store: AssistantStore;
  audit: Pick<Audit, 'record'>;
  vapi: Pick<Vapi, 'getAssistant' | 'createAssistant' | 'deleteAssistant'>;
  access(tenantId: string): Promise<VapiAccess>;
  target(tenantId: string): Promise<WebhookTarget>;
  vault: { seal(text: string, place: Place): Buffer; open(sealed: Buffer, place: Place): string };
  adopt: Adopt;
  edit(order: EditOrder): Promise<KnownAssistant>;
  /** Finds the tenant's default assistant, and so adopts it. */
  view(tenantId: string): unknown;
  announce(trx: Trx, tenantId: string, assistantId: string, revision: number): Promise<void>;
  /** Forgets what is kept in memory of the tenant, and tells who looks on. */
  changed(tenantId: string, assistantId: string): void;
  /** What points at an assistant follows it when it gets a new id: within the transaction, and after its commit. */
  followers?:
    | {
        follow(trx: Trx, move: Move): Promise<void>;
        followed(move: Move): Promise<void>;
      }
    | undefined;
  isStub: boolean;
};

export type Move = { tenantId: string; from: string; to: string; author: string };

type Making = Request & { action: string; isDefault?: boolean; details?: Record<string, unknown>; replaces?: string };

export function createMaking(deps: MakingDeps) {
  const { store, vapi } = deps;

  async function create(wanted: NewAssistant, request: Request): Promise<KnownAssistant> {
    const { default: isDefault, reason: _, ...fields } = wanted;
    return make(newFields(fields), { ...request, action: 'assistant.created', isDefault: isDefault === true });
  }

  async function duplicate(assistantId: string, name: string | undefined, request: Request): Promise<KnownAssistant> {
    const { credential, mayTouch } = await deps.access(request.tenantId);
    const fresh = await vapi.getAssistant(credential, assistantId);
    if (!mayTouch(tagOf(fresh))) throw fail('not_found', 'There is no such assistant.');
    const fields = { ...writable(fresh), name: (name ?? `${fresh.name ?? 'Assistant'} copy`).slice(0, 40) };
    return make(fields, { ...request, action: 'assistant.duplicated', details: { from: assistantId } });
  }

  /** Deletes it at Vapi; a sealed copy stays, from which `restore` makes it again. */
  async function remove(assistantId: string, request: Request): Promise<Date> {
    const { tenantId, author, ifMatch } = request;
    const { credential } = await deps.access(tenantId);
    const { name } = await keepCopy(assistantId, request);
    await vapi.deleteAssistant(credential, assistantId).catch((error: unknown) => {
      if (!(error instanceof UpstreamError) || error.kind !== 'not_found') throw error;
    });
    await deps.db.asTenant(tenantId, async (trx) => {
      await store.markDeleted(trx, assistantId);
      await deps.announce(trx, tenantId, assistantId, Number.MAX_SAFE_INTEGER);
      const details = { name, ...reasonOf(request), if_match: ifMatch !== undefined };
      const note = { tenantId, actor: { name: author }, action: 'assistant.deleted', subject: assistantId, details };
      await deps.audit.record(trx, note);
    });
    deps.changed(tenantId, assistantId);
    return deps.clock.now();
  }

  // Before the deletion, so that no moment exists in which the assistant is neither at Vapi nor here.
  async function keepCopy(assistantId: string, { tenantId, author, ifMatch }: Request): Promise<KnownAssistant> {
    return deps.edit({
      tenantId,
      assistantId,
      author,
      checked: ifMatch !== undefined,
      plan(fresh, known) {
        mustMatch(assistantWire({ ...known, snapshot: withoutSecrets(fresh) }, deps.isStub), {}, ifMatch);
        const copy = deps.vault.seal(JSON.stringify(fresh), placeOf(tenantId, assistantId));
        const also = (trx: Trx) => store.keepCopy(trx, assistantId, copy);
        return { action: 'removed', patch: {}, note: null, also };
      },
    });
  }

  /** Makes a deleted assistant again. Vapi gives it a new id; its history moves along. */
  async function restore(assistantId: string, request: Request): Promise<KnownAssistant> {
    const { tenantId } = request;
    const copy = await store.deletedCopy(tenantId, assistantId);
    if (copy === undefined) throw fail('not_found', 'There is no deleted assistant with this id.');
    if (copy === null) throw fail('not_found', 'It was not deleted through AVA, so there is no copy to restore.');
    const fields = writable(JSON.parse(deps.vault.open(copy, placeOf(tenantId, assistantId))) as VapiAssistant);
    const details = { from: assistantId };
    return make(fields, { ...request, action: 'assistant.restored', replaces: assistantId, details });
  }

  /** Makes an assistant at Vapi, connected to this AVA from its first moment, and takes it under management. */
  async function make(fields: Record<string, unknown>, making: Making): Promise<KnownAssistant> {
    const { tenantId, author, action, replaces } = making;
    // Whoever was there first is found first: a new one must not become the default before it.
    await deps.view(tenantId);
    const { credential } = await deps.access(tenantId);
    const target = await deps.target(tenantId);
    const made = await vapi.createAssistant(credential, { ...fields, ...connectingFields(fields, target, tenantId) });
    const known = await deps.adopt(tenantId, made, async (trx) => {
      const hasDefault = (await store.defaultIn(trx)) !== undefined;
      if (making.isDefault === true || !hasDefault) await store.makeDefault(trx, made.id);
      if (replaces !== undefined) {
        await store.moveHistory(trx, replaces, made.id);
        await deps.followers?.follow(trx, { tenantId, from: replaces, to: made.id, author });
      }
      const details = { ...making.details, name: made.name, ...reasonOf(making) };
      await deps.audit.record(trx, { tenantId, actor: { name: author }, action, subject: made.id, details });
    });
    deps.changed(tenantId, made.id);
    if (replaces !== undefined) await deps.followers?.followed({ tenantId, from: replaces, to: made.id, author });
    return known;
  }

  return { create, duplicate, remove, restore };
}

function placeOf(tenantId: string, assistantId: string): Place {
  return { tenantId, table: 'assistants', column: 'deleted_copy', row: assistantId };
}
