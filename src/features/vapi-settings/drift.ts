/** Settings that somebody changed at Vapi itself: seen, and then taken over or put back by a person. */
import type { VapiAssistant } from '../../providers/vapi/shapes.ts';
import type { Assistants, EditPlan, KnownAssistant } from '../assistants/assistants.ts';
import { notValid } from './check.ts';
import type { DriftOutcome, SettingDrift, SettingsDrift } from './contract.ts';
import { writeCustom } from './custom.ts';
import { standardField } from './fields.ts';
import type { Settings } from './settings.ts';
import { driftOf, own, readValues } from './values.ts';

export type DriftOrder = {
  tenantId: string;
  author: string;
  assistantId?: string | undefined;
  action: 'adopt' | 'revert';
  /** All that differ when left out. */
  keys?: string[] | undefined;
  reason?: string | undefined;
};

export type Drift = ReturnType<typeof createDrift>;

export function createDrift({ assistants, settings }: { assistants: Assistants; settings: Settings }) {
  const marked = assistants.isStub ? { stub: true as const } : {};

  async function show(tenantId: string, assistantId?: string): Promise<SettingsDrift> {
    const view = await assistants.view(tenantId, assistantId);
    const as_of = view.asOf.toISOString();
    if (view.kind === 'none') return { drift: [], assistant_id: null, stale: false, as_of, ...marked };
    return { drift: driftOf(view.known), assistant_id: view.known.assistantId, stale: view.stale, as_of, ...marked };
  }

  async function resolve(order: DriftOrder): Promise<DriftOutcome> {
    const { tenantId, author, reason } = order;
    const assistantId = await settings.assistantIdOf(order);
    let handled: SettingDrift[] = [];
    const known = await assistants.edit({
      tenantId,
      assistantId,
      author,
      reason,
      checked: false,
      plan(fresh, before) {
        const current = {
          ...before,
          snapshot: fresh,
          openEdit: null,
        };
        handled = driftOf(current).filter(({ key }) => order.keys?.includes(key) ?? true);
        return order.action === 'adopt' ? adoption(current, handled) : reversion(current, handled);
      },
    });
    return { handled, drift: driftOf(known), assistant_id: assistantId, ...marked };
  }

  return { show, resolve };
}

function adoption(current: KnownAssistant, drift: SettingDrift[]): EditPlan {
  const actual = readValues(current.snapshot);
  const changes = drift.map(({ key }) => ({ key, before: own(current.agreed, key), after: own(actual, key) }));
  return {
    action: 'adopted',
    patch: {},
    changes,
    agree: drift.map(({ key }) => key),
    note: noteOf('adopted', current, drift),
  };
}

function reversion(current: KnownAssistant, drift: SettingDrift[]): EditPlan {
  let patch: Record<string, unknown> = {};
  for (const { key } of drift) {
    const reached = { ...current.snapshot, ...patch } as VapiAssistant;
    patch = { ...patch, ...written(reached, key, own(current.agreed, key)) };
  }
  return { action: 'reverted', patch, note: noteOf('reverted', current, drift) };
}

/** The fields that put the agreed value back, whatever AVA's own range says about it: it was there before. */
function written(assistant: VapiAssistant, key: string, value: unknown): Record<string, unknown> {
  const field = standardField(key);
  if (field === undefined) return writeCustom(assistant, key, value);
  const { unavailableReason } = field.availability(assistant);
  if (unavailableReason !== null) throw notValid('keys', `cannot put ${key} back: ${unavailableReason}`);
  if (value === null || value === undefined) {
    throw notValid('keys', `cannot put ${key} back: there was no value; adopt the one of Vapi instead`);
  }
  return field.write(assistant, value);
}

function noteOf(action: string, current: KnownAssistant, drift: SettingDrift[]): EditPlan['note'] {
  if (drift.length === 0) return null;
  return { action: `drift.${action}`, subject: current.assistantId, details: { keys: drift.map(({ key }) => key) } };
}
