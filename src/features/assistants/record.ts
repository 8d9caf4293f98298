/** Records what became of an edit: versions, the agreed values, Vapi's copy and the audit entry, together or not at all. */
import type { Clock } from '../../clock.ts';
import type { Database } from '../../db/connect.ts';
import { fail } from '../../errors.ts';
import type { VapiAssistant } from '../../providers/vapi/shapes.ts';
import type { Audit } from '../audit/audit.ts';
import { type Change, type EditIntent, type KnownAssistant, type Values, withoutSecrets } from './known.ts';
import { isConnected, type WebhookTarget } from './server-target.ts';
import type { AssistantStore, Trx } from './store.ts';
import { FIELD_PREFIX, own, type ReadValues, same, trackedFields } from './tracked.ts';
import { addVersions } from './version-store.ts';

export type RecordDeps = {
  db: Database;
  clock: Clock;
  store: AssistantStore;
  audit: Pick<Audit, 'record'>;
  readValues: ReadValues;
  /** Called inside the transaction, to tell the other replicas. */
  announce(trx: Trx, tenantId: string, assistantId: string, revision: number): Promise<void>;
};

export type Outcome = {
  tenantId: string;
  intent: EditIntent;
  /** The assistant as Vapi has it now. */
  actual: VapiAssistant;
  target: WebhookTarget;
  /** The lease to give back. */
  token: string | null;
  /** What the edit asked for beyond its changes; missing when it is recorded after the fact. */
  asked?: { agree: string[]; also?: ((trx: Trx) => Promise<void>) | undefined };
};

export function createRecorder(deps: RecordDeps) {
  const { db, store } = deps;

  /** Resolves to the assistant as it is known now. Of an edit recorded after the fact, only what Vapi took counts. */
  function record({ tenantId, intent, actual, target, token, asked }: Outcome): Promise<KnownAssistant> {
    const assistantId = actual.id;
    const changes = asked ? intent.changes : intent.changes.filter((change) => isDone([change], actual));
    const values = deps.readValues(actual);
    return db.asTenant(tenantId, async (trx) => {
      const row = await store.lockRow(trx, assistantId);
      if (!row) throw fail('not_found', 'There is no such assistant.');
      const base = row.isAdopted ? row.agreed : values;
      const agreed = agreedAfter(base, { changes, agree: asked?.agree ?? [], actual: values });
      const added = await addVersions(trx, { ...intent, tenantId, assistantId, changes, at: deps.clock.now() });
      await store.adopt(trx, assistantId, agreed);
      await asked?.also?.(trx);
      const connected = isConnected(actual, target, tenantId);
      const revision = await store.settle(trx, { assistant: withoutSecrets(actual), agreed, connected });
      if (token !== null) await store.releaseIn(trx, token);
      await deps.announce(trx, tenantId, assistantId, revision);
      const known = await store.findIn(trx, assistantId);
      if (intent.note !== null && (asked || added > 0)) {
        await deps.audit.record(trx, auditNote(tenantId, { ...intent, note: intent.note }, asked === undefined));
      }
      return known!;
    });
  }

  /** Whether Vapi shows every change. */
  function isDone(changes: Change[], actual: VapiAssistant): boolean {
    const values = tracked(actual);
    return changes.every(({ key, after }) => same(own(values, key), after));
  }

  function tracked(assistant: VapiAssistant): Values {
    return { ...trackedFields(assistant), ...deps.readValues(assistant) };
  }

  return { record, isDone, tracked };
}

type Agreement = { changes: Change[]; agree: string[]; actual: Values };

function agreedAfter(base: Values, { changes, agree, actual }: Agreement): Values {
  const agreed = new Map(Object.entries(base));
  const put = (key: string, value: unknown) => (value === undefined ? agreed.delete(key) : agreed.set(key, value));
  for (const { key, after } of changes) if (!key.startsWith(FIELD_PREFIX)) put(key, after);
  for (const key of agree) put(key, own(actual, key));
  return Object.fromEntries(agreed);
}

function auditNote(tenantId: string, intent: EditIntent & { note: NonNullable<EditIntent['note']> }, isLate: boolean) {
  const { note, author, reason, correlationId } = intent;
  const details = { ...note.details, ...(reason !== null && { reason }), ...(isLate && { recovered: correlationId }) };
  return { tenantId, actor: { name: author }, action: note.action, subject: note.subject, details };
}
