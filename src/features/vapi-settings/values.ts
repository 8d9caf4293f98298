/** The settings of one assistant as values: in force, agreed, drifted, and as they cross the wire. */
import { isDeepStrictEqual } from 'node:util';
import { etagOf } from '../../http/etag.ts';
import type { VapiAssistant } from '../../providers/vapi/shapes.ts';
import type { KnownAssistant } from '../assistants/assistants.ts';
import type { Setting, SettingDrift } from './contract.ts';
import { readCustom } from './custom.ts';
import { STANDARD_FIELDS, type StandardField, standardField } from './fields.ts';

export type Values = Record<string, unknown>;

/** Every setting of `assistant` by key; null for a standard one that it cannot have. */
export function readValues(assistant: VapiAssistant): Values {
  const standard = STANDARD_FIELDS.map((field): [string, unknown] => [field.key, field.read(assistant)]);
  return Object.fromEntries([...readCustom(assistant), ...standard]);
}

/** The settings that Vapi holds otherwise than agreed. An edit under way is no drift. */
export function driftOf(known: KnownAssistant): SettingDrift[] {
  if (!known.isAdopted) return [];
  const actual = readValues(known.snapshot);
  const underWay = new Set(known.openEdit?.intent?.changes.map((change) => change.key));
  const keys = new Set([...Object.keys(actual), ...Object.keys(known.agreed)]);
  return [...keys]
    .filter((key) => !underWay.has(key) && !isDeepStrictEqual(own(actual, key), own(known.agreed, key)))
    .map((key) => ({ key, agreed: own(known.agreed, key) ?? null, actual: own(actual, key) ?? null }));
}

/** All of them: the standard ones in their order, then the custom ones by name. */
export function settingsOf(known: KnownAssistant): Omit<Setting, 'stub'>[] {
  const drifted = new Set(driftOf(known).map((entry) => entry.key));
  const standard = STANDARD_FIELDS.map((field) => standardSetting(known, field, drifted.has(field.key)));
  const custom = [...customValues(known)].sort(([a], [b]) => (a < b ? -1 : 1));
  return [...standard, ...custom.map(([key, value]) => customSetting(known, { key, value }, drifted.has(key)))];
}

/** One of them; undefined for a custom key that is not there. */
export function settingOf(known: KnownAssistant, key: string): Omit<Setting, 'stub'> | undefined {
  const isDrifted = driftOf(known).some((entry) => entry.key === key);
  const field = standardField(key);
  if (field) return standardSetting(known, field, isDrifted);
  const custom = customValues(known);
  return custom.has(key) ? customSetting(known, { key, value: custom.get(key) }, isDrifted) : undefined;
}

/** Which version an entity tag of ours was made of; undefined for any other text. */
export function versionOfEtag(etag: string): number | undefined {
  const found = /^"(\d{1,9})\.[\w-]+"$/.exec(etag);
  return found ? Number(found[1]) : undefined;
}

export function own(values: Values, key: string): unknown {
  return Object.hasOwn(values, key) ? values[key] : undefined;
}

// AVA keeps custom settings too: one that was wiped at Vapi is shown as it was agreed, and as drift.
function customValues(known: KnownAssistant): Map<string, unknown> {
  const kept = Object.entries(known.agreed).filter(([key]) => standardField(key) === undefined);
  const held = [...readCustom(known.snapshot)].filter(([key]) => standardField(key) === undefined);
  return new Map([...kept, ...held]);
}

function standardSetting(known: KnownAssistant, field: StandardField, drift: boolean): Omit<Setting, 'stub'> {
  const { min, max, default: fallback, unavailableReason } = field.availability(known.snapshot);
  const value = field.read(known.snapshot);
  return {
    key: field.key,
    value,
    type: field.type,
    standard: true,
    min,
    max,
    unit: field.unit,
    default: fallback,
    available: unavailableReason === null,
    unavailable_reason: unavailableReason,
    ...provenance(known, field.key, value),
    drift,
  };
}

function customSetting(known: KnownAssistant, { key, value }: { key: string; value: unknown }, drift: boolean) {
  return {
    key,
    value,
    type: 'json' as const,
    standard: false,
    min: null,
    max: null,
    unit: null,
    default: null,
    available: true,
    unavailable_reason: null,
    ...provenance(known, key, value),
    drift,
  };
}

function provenance(known: KnownAssistant, key: string, value: unknown) {
  const mark = known.marks.get(key);
  const version = mark?.version ?? 0;
  return {
    updated_at: mark?.at.toISOString() ?? null,
    updated_by: mark?.by ?? null,
    etag: `"${version}.${etagOf({ key, value }).slice(1)}`,
    version,
  };
}
