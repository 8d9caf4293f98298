/** Custom settings: any JSON value under a key of the tenant's choice, kept in the assistant's metadata. */
import type { VapiAssistant } from '../../providers/vapi/shapes.ts';

export const METADATA_KEY = 'ava_settings';
export const MAX_CUSTOM_BYTES = 8 * 1024;
export const MAX_CUSTOM_KEYS = 100;

/** The custom settings that Vapi holds for this assistant. */
export function readCustom(assistant: VapiAssistant): Map<string, unknown> {
  const held = objectOf(objectOf(assistant.metadata)[METADATA_KEY]);
  return new Map(Object.entries(held));
}

/** Top-level fields to send to Vapi so that `key` holds `value`, or is gone where `value` is undefined. */
export function writeCustom(assistant: VapiAssistant, key: string, value: unknown): Record<string, unknown> {
  const held = readCustom(assistant);
  if (value === undefined) held.delete(key);
  else held.set(key, value);
  return { metadata: { ...objectOf(assistant.metadata), [METADATA_KEY]: Object.fromEntries(held) } };
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
