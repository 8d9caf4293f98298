/**
 * The settings of verification's own tenants: the same rules, versions and answers, over an invented assistant that is
 * marked as one. So a write can be tried in production without any real assistant being touched.
 */
import type { Settings } from '../vapi-settings/settings.ts';

export function settingsWithSynthetic(
  real: Settings,
  invented: Settings,
  isSynthetic: (tenantId: string) => Promise<boolean>,
): Settings {
  const of = async (tenantId: string) => ((await isSynthetic(tenantId)) ? invented : real);
  return {
    ...real,
    list: async (tenantId, assistantId) => (await of(tenantId)).list(tenantId, assistantId),
    get: async (tenantId, key, assistantId) => (await of(tenantId)).get(tenantId, key, assistantId),
    put: async (order, value) => (await of(order.tenantId)).put(order, value),
    remove: async (order) => (await of(order.tenantId)).remove(order),
    restore: async (order, version) => (await of(order.tenantId)).restore(order, version),
  };
}
