/** Taking an assistant under management: from then on AVA knows what was agreed and connects its webhooks. */
import type { Database } from '../../db/connect.ts';
import type { VapiAssistant } from '../../providers/vapi/shapes.ts';
import type { Audit } from '../audit/audit.ts';
import { type KnownAssistant, withoutSecrets } from './known.ts';
import { isConnected, type WebhookTarget } from './server-target.ts';
import type { AssistantStore, Trx } from './store.ts';
import type { ReadValues } from './tracked.ts';

export type AdoptionDeps = {
  db: Database;
  store: AssistantStore;
  audit: Pick<Audit, 'record'>;
  readValues: ReadValues;
  target(tenantId: string): Promise<WebhookTarget>;
  /** Puts the job that connects a tenant's adopted assistants to this AVA, once `trx` commits. */
  reassertLater(tenantId: string, trx: Trx): Promise<void>;
  announce(trx: Trx, tenantId: string, assistantId: string, revision: number): Promise<void>;
};

export type Adopt = (
  tenantId: string,
  assistant: VapiAssistant,
  also: (trx: Trx) => Promise<void>,
) => Promise<KnownAssistant>;

export function createAdoption(deps: AdoptionDeps) {
  const { db, store } = deps;

  /** Adopts `assistant` with what Vapi says of it now; `also` happens in the same transaction. */
  const adopt: Adopt = async (tenantId, assistant, also) => {
    const agreed = deps.readValues(assistant);
    const connected = isConnected(assistant, await deps.target(tenantId), tenantId);
    await store.sight(tenantId, [{ assistant: withoutSecrets(assistant), agreed, connected }]);
    return db.asTenant(tenantId, async (trx) => {
      await store.adopt(trx, assistant.id, agreed);
      if (!connected) await deps.reassertLater(tenantId, trx);
      await also(trx);
      const known = await store.findIn(trx, assistant.id);
      await deps.announce(trx, tenantId, assistant.id, known!.revision);
      return known!;
    });
  };

  /** Takes the oldest of a tenant's assistants as its default, unless there is one by now. */
  async function adoptDefault(tenantId: string, oldest: VapiAssistant): Promise<void> {
    await adopt(tenantId, oldest, async (trx) => {
      if ((await store.defaultIn(trx)) !== undefined) return;
      await store.makeDefault(trx, oldest.id);
      await deps.audit.record(trx, {
        tenantId,
        actor: { name: 'AVA' },
        action: 'assistant.adopted',
        subject: oldest.id,
        details: { name: oldest.name, default: true },
      });
    });
  }

  return { adopt, adoptDefault };
}
