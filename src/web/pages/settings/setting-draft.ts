/** From what was typed to the value of a setting, or to what is wrong with it. */
import type { Setting } from '../../../features/vapi-settings/contract.ts';
import type { Text } from '../../text/en.ts';

export type DraftValue = string | boolean;
export type Reading = { ok: true; value: Setting['value'] } | { ok: false; problem: string };
export type EditorKind = 'text' | 'number' | 'switch' | 'json';

/** Keys of a tenant's own are JSON, whatever they hold now. */
export function editorOf(setting: Setting): EditorKind {
  if (!setting.standard || setting.type === 'json') return 'json';
  if (setting.type === 'boolean') return 'switch';
  return setting.type === 'string' ? 'text' : 'number';
}

/** What the editor shows before anybody typed. */
export function draftOf(setting: Setting): DraftValue {
  if (editorOf(setting) === 'switch') return setting.value === true;
  if (editorOf(setting) === 'json') return JSON.stringify(setting.value, null, 2);
  return typeof setting.value === 'string' ? setting.value : JSON.stringify(setting.value ?? '').replaceAll('"', '');
}

export function readDraft(setting: Setting, draft: DraftValue, text: Text): Reading {
  if (typeof draft === 'boolean') return { ok: true, value: draft };
  switch (editorOf(setting)) {
    case 'number':
      return readNumber(setting, draft, text);
    case 'json':
      return readJson(draft, text);
    default:
      return readText(setting, draft, text);
  }
}

function readText(setting: Setting, draft: string, { settings }: Text): Reading {
  if (draft.trim() === '' && (setting.min ?? 0) > 0) return { ok: false, problem: settings.empty };
  if (setting.max !== null && draft.length > setting.max) return { ok: false, problem: settings.tooLong(setting.max) };
  return { ok: true, value: draft };
}

function readNumber({ type, min, max }: Setting, draft: string, { settings }: Text): Reading {
  const value = draft.trim() === '' ? Number.NaN : Number(draft.replace(',', '.'));
  if (!Number.isFinite(value)) return { ok: false, problem: settings.notNumber };
  if (type === 'integer' && !Number.isInteger(value)) return { ok: false, problem: settings.notWhole };
  if ((min !== null && value < min) || (max !== null && value > max)) {
    return { ok: false, problem: settings.outOfRange(String(min ?? ''), String(max ?? '')) };
  }
  return { ok: true, value };
}

export function readJson(draft: string, { settings }: Text): Reading {
  try {
    return { ok: true, value: JSON.parse(draft) as Setting['value'] };
  } catch {
    return { ok: false, problem: settings.notJson };
  }
}
