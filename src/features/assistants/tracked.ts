/** Which fields of an assistant AVA keeps the history of, beside the settings. */
import { isDeepStrictEqual } from 'node:util';
import type { VapiAssistant } from '../../providers/vapi/shapes.ts';
import type { Values } from './known.ts';

export type ReadValues = (assistant: VapiAssistant) => Values;

export const FIELD_PREFIX = 'assistant.';

/** The tracked fields that are no settings, by `assistant.<field>`; null for one that is not there. */
export function trackedFields(assistant: VapiAssistant): Values {
  return {
    [`${FIELD_PREFIX}name`]: assistant.name ?? null,
    [`${FIELD_PREFIX}first_message_mode`]: assistant.firstMessageMode ?? 'assistant-speaks-first',
    [`${FIELD_PREFIX}prompt`]: promptOf(assistant),
    [`${FIELD_PREFIX}model`]: chosen(assistant.model, 'model'),
    [`${FIELD_PREFIX}voice`]: chosen(assistant.voice, 'voiceId'),
    [`${FIELD_PREFIX}transcriber`]: chosen(assistant.transcriber, 'model', 'language'),
  };
}

/** The system prompt: the first system message of the model. */
export function promptOf(assistant: VapiAssistant): string | null {
  const messages = assistant.model?.['messages'];
  if (!Array.isArray(messages)) return null;
  const system = (messages as unknown[]).find((message) => (message as { role?: unknown } | null)?.role === 'system');
  const content = (system as { content?: unknown } | undefined)?.content;
  return typeof content === 'string' ? content : null;
}

/** Keys whose values differ, with both; undefined stands for absent. */
export function differences(before: Values, after: Values): { key: string; before: unknown; after: unknown }[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys]
    .map((key) => ({ key, before: own(before, key), after: own(after, key) }))
    .filter((entry) => !same(entry.before, entry.after));
}

export function same(a: unknown, b: unknown): boolean {
  return isDeepStrictEqual(a, b);
}

export function own(values: Values, key: string): unknown {
  return Object.hasOwn(values, key) ? values[key] : undefined;
}

function chosen(part: Record<string, unknown> | null | undefined, ...names: string[]): unknown {
  if (part === null || part === undefined) return null;
  return Object.fromEntries(['provider', ...names].map((name) => [name, part[name] ?? null]));
}
