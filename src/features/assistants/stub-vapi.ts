/** What stands in for Vapi in stub mode: one invented assistant for each tenant, and whatever people make of it. */
import { createHash, randomUUID } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import type { VapiAssistant } from '../../providers/vapi/shapes.ts';
import type { Vapi, VapiCredential } from '../../providers/vapi/vapi.ts';
import { UpstreamError } from '../../resilience/upstream-error.ts';
import type { VapiAccess } from './access.ts';
import { newFields } from './fields.ts';

type StubVapi = Pick<
  Vapi,
  'getAssistant' | 'listAssistants' | 'createAssistant' | 'patchAssistant' | 'deleteAssistant'
>;

export type StubVapiDeps = {
  clock: Clock;
  /** Finds what an earlier process kept of a tenant's stub assistants, so that a restart forgets nothing. */
  recall(tenantId: string): Promise<VapiAssistant[]>;
};

export function createStubVapi({ clock, recall }: StubVapiDeps): StubVapi {
  const now = () => clock.now().toISOString();
  const tenants = new Map<string, Promise<Map<string, VapiAssistant>>>();

  const assistantsOf = ({ tenant }: VapiCredential): Promise<Map<string, VapiAssistant>> => {
    const known = tenants.get(tenant);
    if (known) return known;
    const made = recall(tenant).then((earlier) => {
      const list = earlier.length > 0 ? earlier : [invented(tenant, now())];
      return new Map(list.map((assistant) => [assistant.id, assistant]));
    });
    tenants.set(tenant, made);
    made.catch(() => tenants.delete(tenant));
    return made;
  };

  async function find(credential: VapiCredential, id: string): Promise<VapiAssistant> {
    const found = (await assistantsOf(credential)).get(id);
    if (found) return structuredClone(found);
    throw new UpstreamError({
      kind: 'not_found',
      upstream: 'vapi',
      connected: false,
      detail: 'no such stub assistant',
    });
  }

  async function keep(credential: VapiCredential, assistant: VapiAssistant): Promise<VapiAssistant> {
    (await assistantsOf(credential)).set(assistant.id, structuredClone(assistant));
    return assistant;
  }

  return {
    listAssistants: async (credential) =>
      [...(await assistantsOf(credential)).values()].map((one) => structuredClone(one)),
    getAssistant: find,
    createAssistant: (credential, fields) => keep(credential, stamped(randomUUID(), now(), fields)),
    patchAssistant: async (credential, id, fields) => {
      const before = await find(credential, id);
      return keep(credential, { ...before, ...fields, updatedAt: now() } as VapiAssistant);
    },
    async deleteAssistant(credential, id) {
      await find(credential, id);
      (await assistantsOf(credential)).delete(id);
    },
  };
}

/** No key is needed for what is invented. */
export function stubAccess(tenantId: string): Promise<VapiAccess> {
  return Promise.resolve({ credential: { key: 'stub', tenant: tenantId, apiKey: 'stub' }, mayTouch: () => true });
}

function invented(tenantId: string, now: string): VapiAssistant {
  return stamped(stableId(tenantId), now, newFields({ name: 'Stub assistant' }));
}

function stamped(id: string, now: string, fields: Record<string, unknown>): VapiAssistant {
  return { ...fields, id, orgId: 'stub', createdAt: now, updatedAt: now } as unknown as VapiAssistant;
}

/** The same on every replica and after every start; a version 4 UUID in form. */
function stableId(tenantId: string): string {
  const hex = createHash('sha256').update(`stub assistant ${tenantId}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
