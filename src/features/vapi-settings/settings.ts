/**
 * The settings of an assistant: named values over fields that live at Vapi. Reading costs nothing while the copy is
 * fresh; every change is checked against what is there now, recorded as a version, and can be undone.
 */
import { isDeepStrictEqual } from 'node:util';
import { fail } from '../../errors.ts';
import { type IfMatch, matches } from '../../http/etag.ts';
import type { VapiAssistant } from '../../providers/vapi/shapes.ts';
import type { Assistants, EditPlan, KnownAssistant } from '../assistants/assistants.ts';
import { mustBeSettable, mustFit } from './check.ts';
import type { Setting, SettingRemoval, SettingReply, SettingsList } from './contract.ts';
import { writeCustom } from './custom.ts';
import { standardField } from './fields.ts';
import { differingFields } from './leaves.ts';
import { own, readValues, settingOf, settingsOf, versionOfEtag } from './values.ts';

/** Who changes what, and on the strength of which copy. */
export type SettingOrder = {
  tenantId: string;
  author: string;
  assistantId?: string | undefined;
  key: string;
  reason?: string | null | undefined;
  ifMatch?: IfMatch | undefined;
};

export type Settings = ReturnType<typeof createSettings>;

type Wanted = { value: unknown; action: string };

export function createSettings({ assistants }: { assistants: Assistants }) {
  const { isStub } = assistants;
  const marked = isStub ? { stub: true as const } : {};
  // A list is the same as long as the copy is; making it costs more than all the rest of a read.
  const made = new WeakMap<KnownAssistant, Setting[]>();
  const listed = new WeakMap<KnownAssistant, { list: SettingsList; asOfMs: number }>();

  function wireOf(known: KnownAssistant): Setting[] {
    const earlier = made.get(known);
    if (earlier) return earlier;
    const settings = settingsOf(known).map((setting) => ({ ...setting, ...marked }));
    made.set(known, settings);
    return settings;
  }

  /** At once where the copy is fresh. */
  function list(tenantId: string, assistantId?: string): SettingsList | Promise<SettingsList> {
    const view = assistants.view(tenantId, assistantId);
    return view instanceof Promise ? view.then(listOf) : listOf(view);
  }

  function listOf(view: Awaited<ReturnType<Assistants['view']>>): SettingsList {
    if (view.kind === 'none') {
      const as_of = view.asOf.toISOString();
      return { settings: [], assistant_id: null, stale: false, as_of, drift: false, ...marked };
    }
    const earlier = listed.get(view.known);
    const asOfMs = view.asOf.getTime();
    if (earlier && earlier.asOfMs === asOfMs && earlier.list.stale === view.stale) return earlier.list;
    const settings = wireOf(view.known);
    const drift = settings.some((setting) => setting.drift);
    const list = { settings, assistant_id: view.known.assistantId, ...freshness(view), drift, ...marked };
    // Frozen, so that its text is made once too.
    listed.set(view.known, { list: Object.freeze(list), asOfMs });
    return list;
  }

  async function get(tenantId: string, key: string, assistantId?: string): Promise<SettingReply> {
    const view = await assistants.view(tenantId, assistantId);
    const setting = view.kind === 'known' ? wireOf(view.known).find((one) => one.key === key) : undefined;
    if (view.kind === 'none' || setting === undefined) throw fail('not_found', `There is no setting ${key}.`);
    return { setting, assistant_id: view.known.assistantId, ...freshness(view), ...marked };
  }

  /** Throws validation_failed, `conflict`, or what Vapi refuses. */
  async function put(order: SettingOrder, value: unknown): Promise<SettingReply> {
    mustBeSettable(order.key, value);
    const known = await write(order, () => ({ value, action: 'set' }));
    return replyOf(known, order.key);
  }

  /** A standard setting goes back to its default, a custom one is removed. */
  async function remove(order: SettingOrder): Promise<SettingRemoval> {
    const { key } = order;
    const field = standardField(key);
    const known = await write(order, (fresh, before) => {
      if (field) return { value: field.availability(fresh).default, action: 'reset' };
      if (settingOf(before, key) === undefined) throw fail('not_found', `There is no setting ${key}.`);
      return { value: undefined, action: 'removed' };
    });
    const setting = field ? replyOf(known, key).setting : null;
    return { key, setting, assistant_id: known.assistantId, ...marked };
  }

  /** Writes the value that `version` had left; 0 is the one before the first recorded change. */
  async function restore(order: SettingOrder, version: number): Promise<SettingRemoval> {
    const { tenantId, key } = order;
    const assistantId = await assistantIdOf(order);
    const wanted = { assistantId, key, version: Math.max(1, version) };
    const found = await assistants.versionNumber(tenantId, wanted);
    if (found === undefined) throw fail('not_found', `The setting ${key} has no version ${version}.`);
    const value = version === 0 ? found.before : found.after;
    const isRemoval = standardField(key) === undefined && (version === 0 ? true : found.action === 'removed');
    const isGone = isRemoval && value === null;
    const reason = order.reason ?? `Restored version ${version}`;
    if (!isGone) mustBeSettable(key, value);
    const known = await write({ ...order, assistantId, reason }, () => ({
      value: isGone ? undefined : value,
      action: 'restored',
    }));
    return { key, setting: isGone ? null : replyOf(known, key).setting, assistant_id: assistantId, ...marked };
  }

  /** The assistant that is meant. Throws not_found for a tenant that has none. */
  async function assistantIdOf({ tenantId, assistantId }: { tenantId: string; assistantId?: string | undefined }) {
    if (assistantId !== undefined) return assistantId;
    const view = await assistants.view(tenantId);
    if (view.kind === 'none') throw fail('not_found', 'There is no assistant yet; make one first.');
    return view.known.assistantId;
  }

  async function write(
    order: SettingOrder,
    decide: (fresh: VapiAssistant, known: KnownAssistant) => Wanted,
  ): Promise<KnownAssistant> {
    const { tenantId, key, author, reason, ifMatch } = order;
    const assistantId = await assistantIdOf(order);
    return assistants.edit({
      tenantId,
      assistantId,
      author,
      reason,
      checked: ifMatch !== undefined,
      async plan(fresh, known) {
        const current = {
          ...known,
          snapshot: fresh,
        };
        const wanted = decide(fresh, current);
        await mustMatch(order, current, wanted.value);
        if (wanted.value !== undefined) mustFit(fresh, key, wanted.value);
        return planOf(current, key, wanted);
      },
    });
  }

  function planOf(current: KnownAssistant, key: string, { value, action }: Wanted): EditPlan {
    const { snapshot: fresh } = current;
    const field = standardField(key);
    const patch = field ? field.write(fresh, value) : writeCustom(fresh, key, value);
    const note = { action: `setting.${action}`, subject: key, details: { assistant_id: current.assistantId } };
    const actual = own(readValues(fresh), key);
    const agreed = own(current.agreed, key);
    const settlesDrift = current.isAdopted && isDeepStrictEqual(actual, value) && !isDeepStrictEqual(agreed, value);
    if (!settlesDrift) return { action, patch, note };
    return { action, patch: {}, agree: [key], changes: [{ key, before: agreed, after: value }], note };
  }

  async function mustMatch(order: SettingOrder, current: KnownAssistant, yours: unknown): Promise<void> {
    const { tenantId, key, ifMatch } = order;
    if (ifMatch === undefined) return;
    const setting = settingOf(current, key);
    if (setting !== undefined && matches(ifMatch, setting.etag)) return;
    const value = setting?.value ?? null;
    const base = ifMatch === '*' ? null : await baseOf(tenantId, { assistantId: current.assistantId, key }, ifMatch);
    const diff = differingFields([base, value, yours ?? null]).map(({ field, sides }) => ({
      field,
      base: sides[0],
      current: sides[1],
      yours: sides[2],
    }));
    const { etag = null, updated_at = null, updated_by = null } = setting ?? {};
    const detail =
      setting === undefined ? `There is no setting ${key} any more.` : `Somebody else changed ${key} meanwhile.`;
    throw fail('conflict', detail, { members: { current: { value, etag, updated_at, updated_by }, diff } });
  }

  /** The value that the caller's entity tag was made of, as far as it was recorded. */
  async function baseOf(
    tenantId: string,
    { assistantId, key }: { assistantId: string; key: string },
    etags: readonly string[],
  ): Promise<unknown> {
    const version = versionOfEtag(etags[0] ?? '');
    if (version === undefined) return null;
    const wanted = { assistantId, key, version: Math.max(1, version) };
    const found = await assistants.versionNumber(tenantId, wanted);
    return (version === 0 ? found?.before : found?.after) ?? null;
  }

  function replyOf(known: KnownAssistant, key: string): SettingReply {
    const setting = wireOf(known).find((one) => one.key === key);
    if (setting === undefined) throw fail('not_found', `There is no setting ${key}.`);
    const as_of = known.snapshotAt.toISOString();
    return { setting, assistant_id: known.assistantId, stale: false, as_of, ...marked };
  }

  return { list, get, put, remove, restore, assistantIdOf };
}

function freshness(view: { stale: boolean; asOf: Date }) {
  return { stale: view.stale, as_of: view.asOf.toISOString() };
}
