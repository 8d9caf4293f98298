/**
 * The voices that answer: a tenant's assistants at Vapi, and the one that is its default. Everything here keeps the two
 * promises of a control plane: a field that AVA does not know is never lost, and nothing that a person does is final.
 */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import type { Database } from '../../db/connect.ts';
import type { Vapi } from '../../providers/vapi/vapi.ts';
import type { Emit } from '../../resilience/facts.ts';
import { UpstreamError } from '../../resilience/upstream-error.ts';
import type { Audit } from '../audit/audit.ts';
import type { VapiAccess } from './access.ts';
import { createAdoption } from './adoption.ts';
import type { Assistant, AssistantChange } from './contract.ts';
import { createEditor, type EditOrder } from './edit.ts';
import { patchOf } from './fields.ts';
import { type KnownAssistant, withoutSecrets } from './known.ts';
import { createMaking, type MakingDeps, type Place } from './making.ts';
import { mustMatch, type Request } from './order.ts';
import { createReader, type ListView, type View } from './reader.ts';
import { connectingFields, isConnected, type WebhookTarget } from './server-target.ts';
import { type AssistantStore, createAssistantStore, type Trx } from './store.ts';
import { createStubVapi, stubAccess } from './stub-vapi.ts';
import type { ReadValues } from './tracked.ts';
import { findVersion, findVersionNumber, listVersions, type VersionFilter, versionsAsOf } from './version-store.ts';
import type { Version } from './version-store.ts';
import { assistantWire } from './wire.ts';

export type { EditOrder, EditPlan } from './edit.ts';
export type { KnownAssistant } from './known.ts';
export type { Request } from './order.ts';

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
  vault: { seal(text: string, place: Place): Buffer; open(sealed: Buffer, place: Place): string };
  /** The values of the settings of an assistant, by key. */
  readValues: ReadValues;
  /** Puts the job that connects a tenant's adopted assistants to this AVA, once `trx` commits. */
  reassertLater(tenantId: string, trx: Trx): Promise<void>;
  followers?: MakingDeps['followers'];
  onMismatch(fact: { assistantId: string; keys: string[] }): void;
  /** Told after a change, for live updates. */
  onChange(tenantId: string, assistantId: string): void;
  /** Told when somebody changed it at Vapi itself. */
  onSeen(tenantId: string, assistantId: string): void;
  isStub: boolean;
};

export type Assistants = ReturnType<typeof createAssistants>;

const CHANNEL = 'ava_assistants';

type Accepted = Exclude<View, { kind: 'rejected' }>;

function accepted(view: View): Accepted {
  if (view.kind === 'rejected') throw view.error;
  return view;
}

export function createAssistants(given: AssistantsDeps) {
  const { db, isStub } = given;
  const origin = randomUUID();
  const store = createAssistantStore({ db, isStub });
  const real = isStub ? { ...given, access: stubAccess, vapi: stubVapi(given, store) } : given;
  const announce = (trx: Trx, tenantId: string, assistantId: string, revision: number) =>
    db.notify(CHANNEL, `${origin} ${tenantId} ${assistantId} ${revision}`, trx);
  const deps = { ...real, store, announce };
  const editor = createEditor(deps);
  const { adopt, adoptDefault } = createAdoption(deps);
  const reader = createReader({ ...deps, recover: editor.recover, adoptDefault });
  const making = createMaking({ ...deps, adopt, edit, view, changed });

  /** Changes an assistant; see `EditOrder`. Resolves to what it is then. */
  async function edit(order: EditOrder): Promise<KnownAssistant> {
    try {
      const { known, isChanged } = await editor.edit(order);
      reader.learned(order.tenantId, known);
      if (isChanged) deps.onChange(order.tenantId, order.assistantId);
      return known;
    } catch (error) {
      reader.forget(order.tenantId);
      throw error;
    }
  }

  /** The assistant, or the default one; at once where it is known. Throws a rejected key, so that a person learns of it. */
  function view(tenantId: string, assistantId?: string): Accepted | Promise<Accepted> {
    const found = reader.view(tenantId, assistantId);
    return found instanceof Promise ? found.then(accepted) : accepted(found);
  }

  async function list(tenantId: string): Promise<Exclude<ListView, { kind: 'rejected' }>> {
    const found = await reader.list(tenantId);
    if (found.kind === 'rejected') throw found.error;
    return found;
  }

  function changed(tenantId: string, assistantId: string): void {
    reader.forget(tenantId);
    deps.onChange(tenantId, assistantId);
  }

  /** Changes the fields that `wanted` names. Throws `conflict` when If-Match tells of another state. */
  async function change(assistantId: string, wanted: AssistantChange, request: Request): Promise<KnownAssistant> {
    const { tenantId, author, ifMatch } = request;
    const { default: isDefault, reason, ...fields } = wanted;
    return edit({
      tenantId,
      assistantId,
      author,
      reason: reason ?? null,
      checked: ifMatch !== undefined,
      plan(fresh, known) {
        const current = { ...known, name: fresh.name ?? known.name, snapshot: withoutSecrets(fresh) };
        mustMatch(assistantWire(current, isStub), wanted, ifMatch);
        const names = Object.keys(wanted).filter((name) => name !== 'reason');
        const note = { action: 'assistant.changed', subject: assistantId, details: { fields: names } };
        const becomesDefault = isDefault === true && !known.isDefault;
        const also = becomesDefault ? { also: (trx: Trx) => store.makeDefault(trx, assistantId) } : {};
        return { action: 'set', patch: patchOf(fresh, fields), note, ...also };
      },
    });
  }

  /** Connects every adopted assistant to this AVA again where that was lost; resolves to how many had to be. */
  async function reassertServers(tenantId: string): Promise<number> {
    const rows = (await store.list(tenantId)).filter((row) => row.isAdopted && row.deletedAt === null);
    let mended = 0;
    for (const { assistantId } of rows) mended += (await reassertServer(tenantId, assistantId)) ? 1 : 0;
    return mended;
  }

  async function reassertServer(tenantId: string, assistantId: string): Promise<boolean> {
    const target = await deps.target(tenantId);
    let wasFine = true;
    await edit({
      tenantId,
      assistantId,
      author: 'AVA',
      checked: false,
      plan(fresh) {
        wasFine = isConnected(fresh, target, tenantId);
        const note = { action: 'assistant.connected', subject: assistantId, details: { url: target.url } };
        return { action: 'set', patch: wasFine ? {} : connectingFields(fresh, target, tenantId), note };
      },
    }).catch((error: unknown) => {
      if (!(error instanceof UpstreamError) || error.kind !== 'not_found') throw error;
    });
    return !wasFine;
  }

  return {
    view,
    list,
    edit,
    change,
    ...making,
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
