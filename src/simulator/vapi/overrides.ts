import { isObject } from './rules.ts';
import type { Org, Stored } from './store.ts';

/** The assistant of a call as it will really speak: saved or brought along, with the call's overrides merged deeply. */
export function mergedAssistant(org: Org, call: Stored): Record<string, unknown> | undefined {
  const saved = typeof call.assistantId === 'string' ? org.assistants.find(call.assistantId) : undefined;
  const base = saved ?? (isObject(call.assistant) ? call.assistant : undefined);
  if (!base || !isObject(call.assistantOverrides)) return base;
  const { variableValues: _, ...overrides } = call.assistantOverrides;
  return merge(base, overrides);
}

/** Objects are merged, everything else, lists too, is replaced. */
function merge(base: Record<string, unknown>, over: Record<string, unknown>): Record<string, unknown> {
  const merged = { ...base };
  for (const [name, value] of Object.entries(over)) {
    const old = merged[name];
    merged[name] = isObject(value) && isObject(old) ? merge(old, value) : value;
  }
  return merged;
}
