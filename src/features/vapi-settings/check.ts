/** Whether a value may become a setting's, by AVA's rules and by those of the assistant's providers. */
import { fail, type PublicError } from '../../errors.ts';
import type { VapiAssistant } from '../../providers/vapi/shapes.ts';
import { RESERVED_KEYS } from './contract.ts';
import { MAX_CUSTOM_BYTES, MAX_CUSTOM_KEYS, readCustom } from './custom.ts';
import { type StandardField, standardField } from './fields.ts';

/** What can be said without asking Vapi. Throws validation_failed. */
export function mustBeSettable(key: string, value: unknown): void {
  if (RESERVED_KEYS.includes(key)) throw notValid('key', `is reserved: ${RESERVED_KEYS.join(', ')} are addresses`);
  const field = standardField(key);
  const problem = field ? problemOfType(field, value) : problemOfCustom(value);
  if (problem !== undefined) throw notValid('value', problem);
}

/** What depends on the assistant. Throws validation_failed, also where its provider has no such control. */
export function mustFit(assistant: VapiAssistant, key: string, value: unknown): void {
  const field = standardField(key);
  if (field === undefined) {
    const held = readCustom(assistant);
    if (!held.has(key) && held.size >= MAX_CUSTOM_KEYS) {
      throw notValid('key', `is one too many: at most ${MAX_CUSTOM_KEYS} custom settings are kept`);
    }
    return;
  }
  const { min, max, unavailableReason } = field.availability(assistant);
  if (unavailableReason !== null) throw notValid('value', `cannot be set: ${unavailableReason}`);
  // Characters as people count them; a pair of surrogates is one.
  // oxlint-disable-next-line no-misused-spread
  const size = typeof value === 'string' ? [...value].length : Number(value);
  if (field.type !== 'boolean' && ((min !== null && size < min) || (max !== null && size > max))) {
    throw notValid('value', rangeText(field, min, max));
  }
}

export function notValid(field: string, message: string): PublicError {
  return fail('validation_failed', `${field === 'key' ? 'The key' : 'The value'} ${message}.`, {
    fields: [{ field, message }],
  });
}

function problemOfType({ type }: StandardField, value: unknown): string | undefined {
  switch (type) {
    case 'string':
      if (typeof value !== 'string') return 'must be text';
      return value.trim() === '' ? 'must not be empty' : undefined;
    case 'boolean':
      return typeof value === 'boolean' ? undefined : 'must be true or false';
    case 'integer':
      return Number.isInteger(value) ? undefined : 'must be a whole number';
    case 'number':
      return typeof value === 'number' && Number.isFinite(value) ? undefined : 'must be a number';
  }
}

function problemOfCustom(value: unknown): string | undefined {
  const bytes = Buffer.byteLength(JSON.stringify(value));
  return bytes > MAX_CUSTOM_BYTES ? `must have at most ${MAX_CUSTOM_BYTES} bytes as JSON; it has ${bytes}` : undefined;
}

function rangeText({ type, unit }: StandardField, min: number | null, max: number | null): string {
  const suffix = unit === null ? '' : ` ${unit}`;
  return type === 'string' ? `must have ${min} to ${max}${suffix}` : `must be between ${min} and ${max}${suffix}`;
}
