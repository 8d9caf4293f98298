/**
 * Reading assistants: from a cache that is refreshed behind, over Vapi, or from the last known copy in the database while
 * Vapi is away. Looking is also how AVA finds out: a new tenant's assistant is adopted, one that vanished is noted, an
 * edit that died half-way is recorded.
 */
import type { Clock } from '../../clock.ts';
import type { Database } from '../../db/connect.ts';
import { fail } from '../../errors.ts';
import type { VapiAssistant } from '../../providers/vapi/shapes.ts';
import type { Vapi, VapiOptions } from '../../providers/vapi/vapi.ts';
import { type Cache, type Cached, createCache } from '../../resilience/cache.ts';
import type { Emit } from '../../resilience/facts.ts';
import { UpstreamError } from '../../resilience/upstream-error.ts';
import type { VapiAccess } from './access.ts';
import type { Editor } from './edit.ts';
import { type KnownAssistant, withoutSecrets } from './known.ts';
import { isConnected, tagOf, type WebhookTarget } from './server-target.ts';
import type { AssistantStore, Sighting } from './store.ts';
import { type ReadValues, same } from './tracked.ts';

/** `rejected`: Vapi refuses the key, which a person must learn whatever copy there is. */
export type View =
  | { kind: 'known'; known: KnownAssistant; stale: boolean; asOf: Date }
  | { kind: 'none'; asOf: Date }
  | { kind: 'rejected'; error: UpstreamError };

export type ListView =
  | { kind: 'list'; assistants: KnownAssistant[]; stale: boolean; asOf: Date | null }
  | { kind: 'rejected'; error: UpstreamError };

export type ReaderDeps = {
  db: Database;
  clock: Clock;
  emit: Emit;
  vapi: Pick<Vapi, 'getAssistant' | 'listAssistants'>;
  access(tenantId: string): Promise<VapiAccess>;
  target(tenantId: string): Promise<WebhookTarget>;
  store: AssistantStore;
  recover: Editor['recover'];
  readValues: ReadValues;
  /** Takes the oldest of a tenant's assistants as its default, unless there is one by now. */
  adoptDefault(tenantId: string, oldest: VapiAssistant): Promise<void>;
  /** Called when an assistant looks other than it did the last time, and AVA has not changed it. */
  onSeen(tenantId: string, assistantId: string): void;
};

export type Reader = ReturnType<typeof createReader>;

const READ: VapiOptions = { deadlineMs: 4_000 };
const CACHE = { maxEntries: 2_000, freshMs: 10_000, refreshBehindMs: 60_000, keepMs: 3_600_000, patienceMs: 1_500 };
/** How old the copy in the database may get while nothing changes. */
const SNAPSHOT_AGE_MS = 60_000;

/** How long the news of another replica spares a question to Vapi. */
const TOLD_MS = 2_000;

export function createReader(deps: ReaderDeps) {
  const { store, vapi, clock } = deps;
  const views: Cache<View> = createCache({ name: 'assistant', clock, emit: deps.emit, ...CACHE });
  const lists: Cache<ListView> = createCache({ name: 'assistants', clock, emit: deps.emit, ...CACHE });
  // A notification may have been lost: what is kept is compared with the database once per doubt.
  let doubt = 0;
  const trusted = new Map<string, number>();
  // Tenants of whom another replica has just recorded something: the database then knows as much as Vapi.
  const toldUntilMs = new Map<string, number>();

  /** The assistant `assistantId`, or the tenant's default one; at once where it is known. Rejects with not_found, vapi_not_configured, or an `UpstreamError` when there is no copy. */
  function view(tenantId: string, assistantId?: string): View | Promise<View> {
    const key = keyOf(tenantId, assistantId);
    if ((trusted.get(tenantId) ?? 0) < doubt) resolveDoubt(tenantId);
    const found = views.get(key, () => load(tenantId, assistantId));
    return found instanceof Promise ? found.then(viewOf) : viewOf(found);
  }

  function viewOf({ value, stale }: Cached<View>): View {
    return stale && value.kind === 'known' ? { ...value, stale: true } : value;
  }

  async function load(tenantId: string, assistantId: string | undefined): Promise<View> {
    const access = await deps.access(tenantId);
    const row = await (assistantId === undefined ? store.findDefault(tenantId) : store.find(tenantId, assistantId));
    if (row !== undefined && row.deletedAt !== null) throw notFound();
    if (row !== undefined && (toldUntilMs.get(tenantId) ?? 0) > clock.monotonicMs()) {
      return { kind: 'known', known: row, stale: false, asOf: row.snapshotAt };
    }
    try {
      const id = row?.assistantId ?? assistantId;
      return id === undefined ? await discover(tenantId, access) : await look(tenantId, access, id, row);
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error;
      if (error.kind === 'auth') return { kind: 'rejected', error };
      if (error.kind === 'not_found') return vanished(tenantId, assistantId, access, row);
      if (row === undefined) throw error;
      return { kind: 'known', known: row, stale: true, asOf: row.snapshotAt };
    }
  }

  async function look(
    tenantId: string,
    { credential, mayTouch }: VapiAccess,
    assistantId: string,
    row: KnownAssistant | undefined,
  ): Promise<View> {
    const fresh = await vapi.getAssistant(credential, assistantId, READ);
    if (!mayTouch(tagOf(fresh))) throw notFound();
    const known = await keep(tenantId, fresh, row);
    if (isNews(tenantId, known, row)) deps.onSeen(tenantId, assistantId);
    return { kind: 'known', known, stale: false, asOf: clock.now() };
  }

  /** What this replica has told, and else what is in the database: another replica may have seen it first. */
  function isNews(tenantId: string, known: KnownAssistant, row: KnownAssistant | undefined): boolean {
    const told = views.peek(keyOf(tenantId, known.assistantId)) ?? views.peek(keyOf(tenantId, undefined));
    const isSameOne = told?.value.kind === 'known' && told.value.known.assistantId === known.assistantId;
    const before = isSameOne && told.value.kind === 'known' ? told.value.known : row;
    return before !== undefined && before.revision === known.revision && !same(before.snapshot, known.snapshot);
  }

  /** Keeps what Vapi told; resolves to the assistant as it is known then. */
  async function keep(
    tenantId: string,
    fresh: VapiAssistant,
    row: KnownAssistant | undefined,
  ): Promise<KnownAssistant> {
    const sighting = await sightingOf(tenantId, fresh);
    if (row === undefined) {
      await store.sight(tenantId, [sighting]);
      return (await store.find(tenantId, fresh.id)) ?? Promise.reject(notFound());
    }
    const recovered = row.openEdit && (await deps.recover(tenantId, row.openEdit, fresh));
    if (recovered) {
      forget(tenantId);
      return recovered;
    }
    const known = { ...row, name: fresh.name ?? row.name, snapshot: sighting.assistant, connected: sighting.connected };
    const isOld = clock.now().getTime() - row.snapshotAt.getTime() > SNAPSHOT_AGE_MS;
    const isSame = same(row.snapshot, sighting.assistant) && row.connected === sighting.connected;
    if (isSame && !isOld) return known;
    if (await store.refresh(tenantId, sighting, row.revision)) return known;
    // Somebody changed it while Vapi was answering: what they recorded is newer.
    return (await store.find(tenantId, fresh.id)) ?? Promise.reject(notFound());
  }

  /** Finds the default of a tenant that has none yet. */
  async function discover(tenantId: string, access: VapiAccess): Promise<View> {
    const mine = await lookAtAll(tenantId, access);
    // Newest first, so of two made in the same moment the last one is the older.
    const oldest = mine.toReversed().toSorted((a, b) => Date.parse(a.createdAt) - Date.parse(b.createdAt))[0];
    if (oldest === undefined) return { kind: 'none', asOf: clock.now() };
    await deps.adoptDefault(tenantId, oldest);
    const known = await store.findDefault(tenantId);
    if (known === undefined) throw notFound();
    return { kind: 'known', known, stale: false, asOf: clock.now() };
  }

  async function lookAtAll(tenantId: string, { credential, mayTouch }: VapiAccess): Promise<VapiAssistant[]> {
    const all = await vapi.listAssistants(credential, READ);
    const mine = all.filter((assistant) => mayTouch(tagOf(assistant)));
    await store.sight(tenantId, await Promise.all(mine.map((assistant) => sightingOf(tenantId, assistant))));
    return mine;
  }

  async function vanished(
    tenantId: string,
    assistantId: string | undefined,
    access: VapiAccess,
    row: KnownAssistant | undefined,
  ): Promise<View> {
    if (row === undefined) throw notFound();
    await store.markGone(tenantId, row.assistantId);
    if (assistantId !== undefined) throw notFound();
    return discover(tenantId, access);
  }

  /** All of the tenant's assistants, those that were deleted through AVA last. */
  async function list(tenantId: string): Promise<ListView> {
    const { value, stale } = await lists.get(tenantId, () => loadList(tenantId));
    return stale && value.kind === 'list' ? { ...value, stale: true } : value;
  }

  async function loadList(tenantId: string): Promise<ListView> {
    const access = await deps.access(tenantId);
    try {
      await view(tenantId);
      const mine = await lookAtAll(tenantId, access);
      const seen = new Map(mine.map((assistant) => [assistant.id, assistant]));
      const rows = await store.list(tenantId);
      const assistants = rows
        .filter((row) => seen.has(row.assistantId) || row.deletedAt !== null)
        .map((row) => refreshed(row, seen.get(row.assistantId)));
      return { kind: 'list', assistants, stale: false, asOf: clock.now() };
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error;
      if (error.kind === 'auth') return { kind: 'rejected', error };
      const assistants = await store.list(tenantId);
      if (assistants.length === 0) throw error;
      return { kind: 'list', assistants, stale: true, asOf: oldestOf(assistants) };
    }
  }

  async function sightingOf(tenantId: string, assistant: VapiAssistant): Promise<Sighting> {
    const target = await deps.target(tenantId);
    const connected = isConnected(assistant, target, tenantId);
    return { assistant: withoutSecrets(assistant), agreed: deps.readValues(assistant), connected };
  }

  /** Keeps what an edit has just recorded, and forgets what it made old. */
  function learned(tenantId: string, known: KnownAssistant): void {
    const fact: View = { kind: 'known', known, stale: false, asOf: clock.now() };
    lists.delete(tenantId);
    views.set(keyOf(tenantId, known.assistantId), fact);
    if (known.isDefault) views.set(keyOf(tenantId, undefined), fact);
    else views.delete(keyOf(tenantId, undefined));
  }

  function forget(tenantId: string): void {
    toldUntilMs.delete(tenantId);
    views.deleteByPrefix(`${tenantId}|`);
    lists.delete(tenantId);
  }

  /** Another replica recorded `revision` of an assistant. */
  function heard(tenantId: string, assistantId: string, revision: number): void {
    const kept = views.peek(keyOf(tenantId, assistantId))?.value;
    if (kept?.kind === 'known' && kept.known.revision >= revision) return;
    forget(tenantId);
    if (toldUntilMs.size > CACHE.maxEntries) toldUntilMs.clear();
    toldUntilMs.set(tenantId, clock.monotonicMs() + TOLD_MS);
  }

  function doubtAll(): void {
    doubt += 1;
  }

  /** Compares behind what is kept with the database, and forgets it where that has moved on. */
  function resolveDoubt(tenantId: string): void {
    trusted.set(tenantId, doubt);
    if (trusted.size > CACHE.maxEntries) trusted.clear();
    store
      .revisions(tenantId)
      .then((revisions) => {
        for (const [assistantId, revision] of revisions) {
          for (const key of [keyOf(tenantId, assistantId), keyOf(tenantId, undefined)]) {
            const kept = views.peek(key)?.value;
            if (kept?.kind !== 'known' || kept.known.assistantId !== assistantId) continue;
            if (kept.known.revision < revision) return forget(tenantId);
          }
        }
      })
      // The database is away: the doubt stays, the copy serves.
      .catch(() => trusted.delete(tenantId));
  }

  return { view, list, learned, forget, heard, doubtAll };
}

function refreshed(row: KnownAssistant, fresh: VapiAssistant | undefined): KnownAssistant {
  if (fresh === undefined) return row;
  return { ...row, name: fresh.name ?? row.name, snapshot: withoutSecrets(fresh) };
}

function oldestOf(assistants: KnownAssistant[]): Date | null {
  const times = assistants.map((known) => known.snapshotAt.getTime());
  return times.length === 0 ? null : new Date(Math.min(...times));
}

function keyOf(tenantId: string, assistantId: string | undefined): string {
  return `${tenantId}|${assistantId ?? ''}`;
}

function notFound() {
  return fail('not_found', 'There is no such assistant.');
}
