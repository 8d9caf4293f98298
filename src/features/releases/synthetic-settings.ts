/**
 * The settings of verification's own tenants: the same rules, versions and answers, over an invented assistant that is
 * marked as one. So a write can be tried in production without any real assistant being touched.
 */
import type { Settings } from '../vapi-settings/settings.ts';

export function settingsWithSynthetic(
  real: Settings,
  invented: Settings,
  isSynthetic: (tenantId: string) => boolean | Promise<boolean>,
): Settings {
  const of = async (tenantId: string) => ((await isSynthetic(tenantId)) ? invented : real);
  // Most reads are of this kind: once it is known whose they are, nothing is waited for.
  const list: Settings['list'] = (tenantId, assistantId) => {
    const known = isSynthetic(tenantId);
    if (typeof known === 'boolean') return (known ? invented : real).list(tenantId, assistantId);
    return known.then((isOne) => (isOne ? invented : real).list(tenantId, assistantId));
  };
  return {
    ...real,
    list,
    get: async (tenantId, key, assistantId) => (await of(tenantId)).get(tenantId, key, assistantId),
    put: async (order, value) => (await of(order.tenantId)).put(order, value),
    remove: async (order) => (await of(order.tenantId)).remove(order),
    restore: async (order, version) => (await of(order.tenantId)).restore(order, version),
  };
}
