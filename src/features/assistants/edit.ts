/**
 * The one way to change an assistant. Vapi has no locking and replaces nested objects whole, so an edit holds the
 * assistant's lease, reads it fresh, decides, notes down what it is about to write, writes, reads again, compares, and
 * records the outcome. The note makes sure that a change which Vapi took is recorded even if this process dies in the
 * middle: whoever looks next finds it.
 */
import { randomUUID } from 'node:crypto';
import { currentCorrelationId } from '../../correlation.ts';
import { fail } from '../../errors.ts';
import type { VapiAssistant } from '../../providers/vapi/shapes.ts';
import type { Vapi, VapiCredential } from '../../providers/vapi/vapi.ts';
import { UpstreamError } from '../../resilience/upstream-error.ts';
import type { VapiAccess } from './access.ts';
import { type Change, type EditIntent, type KnownAssistant, type OpenEdit, withoutSecrets } from './known.ts';
import { giveBack, type Lease, takeLease } from './lease.ts';
import { createRecorder, type RecordDeps } from './record.ts';
import { isConnected, tagOf, type WebhookTarget } from './server-target.ts';
import type { Trx } from './store.ts';
import { differences, same } from './tracked.ts';
import { createTurns } from './turns.ts';

export type EditPlan = {
  /** What the versions say was done. */
  action: string;
  /** Top-level fields for Vapi; empty to change nothing there. */
  patch: Record<string, unknown>;
  /** Settings that are agreed from now on at the value that they have then. */
  agree?: string[];
  /** What to record where it is not what the patch changes. */
  changes?: Omit<Change, 'id'>[];
  /** The audit entry; null for a step of something larger that writes its own. */
  note: EditIntent['note'];
  /** What else belongs to the same transaction. */
  also?: (trx: Trx) => Promise<void>;
};

export type EditOrder = {
  tenantId: string;
  assistantId: string;
  author: string;
  reason?: string | null | undefined;
  /** Whether the caller sent If-Match. */
  checked: boolean;
  /** Called with the assistant as it is at Vapi now; throws to refuse. */
  plan(fresh: VapiAssistant, known: KnownAssistant): EditPlan | Promise<EditPlan>;
};

/** `isChanged` tells whether anything was recorded: of the edit, or of one before it that had not come to its end. */
export type Edited = { known: KnownAssistant; isChanged: boolean };

export type EditDeps = RecordDeps & {
  vapi: Pick<Vapi, 'getAssistant' | 'patchAssistant'>;
  access(tenantId: string): Promise<VapiAccess>;
  target(tenantId: string): Promise<WebhookTarget>;
  /** Vapi took a change and shows another value. */
  onMismatch(fact: { assistantId: string; keys: string[] }): void;
};

export type Editor = ReturnType<typeof createEditor>;

export function createEditor(deps: EditDeps) {
  const { store, vapi } = deps;
  const turns = createTurns();
  const recorder = createRecorder(deps);

  /** Throws what `plan` throws, an `UpstreamError`, not_found, or `overloaded` when others hold the assistant too long. */
  function edit(order: EditOrder): Promise<Edited> {
    return turns.take(`${order.tenantId}|${order.assistantId}`, () => leased(order));
  }

  async function leased(order: EditOrder): Promise<Edited> {
    const lease = await takeLease(deps, order);
    // A lease with an outcome behind it that is not recorded is left to whoever looks next; another is given back.
    let isEmpty = lease.inherited === null;
    try {
      return await apply(order, lease, () => (isEmpty = false));
    } catch (error) {
      await giveBack(deps.clock, () => (isEmpty ? store.release : store.expire)(order.tenantId, lease.token));
      throw error;
    }
  }

  async function apply(order: EditOrder, { token, inherited }: Lease, onSent: () => void): Promise<Edited> {
    const { tenantId, assistantId } = order;
    const { credential, mayTouch } = await deps.access(tenantId);
    const target = await deps.target(tenantId);
    const fresh = await vapi.getAssistant(credential, assistantId).catch((error: unknown) => gone(order, error));
    if (!mayTouch(tagOf(fresh))) throw fail('not_found', 'There is no such assistant.');
    let known = await knownOf(order, fresh, target);
    if (inherited !== null)
      known = await recorder.record({ tenantId, intent: inherited, actual: fresh, target, token: null });

    const plan = await order.plan(fresh, known);
    const intent = intentOf(order, plan, changesOf(plan, fresh));
    const isWritten = Object.entries(plan.patch).some(([name, value]) => !same(value, fresh[name]));
    if (!isWritten && intent.changes.length === 0 && !plan.also && (plan.agree ?? []).length === 0) {
      await store.release(tenantId, token);
      return { known, isChanged: inherited !== null };
    }
    const actual = isWritten ? await write(order, { credential, token, plan, intent }, onSent) : fresh;
    const asked = { agree: plan.agree ?? [], also: plan.also };
    return { known: await recorder.record({ tenantId, intent, actual, target, token, asked }), isChanged: true };
  }

  type Writing = { credential: VapiCredential; token: string; plan: EditPlan; intent: EditIntent };

  /** Writes and reads again; resolves to the assistant as Vapi has it then. */
  async function write(
    { tenantId, assistantId }: EditOrder,
    { credential, token, plan, intent }: Writing,
    onSent: () => void,
  ): Promise<VapiAssistant> {
    if (!(await store.setIntent(tenantId, token, intent))) throw lostLease();
    const answered = await vapi.patchAssistant(credential, assistantId, plan.patch).catch(async (error: unknown) => {
      if (isCertainlyNotDone(error)) throw error;
      onSent();
      const seen = await vapi.getAssistant(credential, assistantId).catch(() => undefined);
      if (seen === undefined || !recorder.isDone(intent.changes, seen)) throw error;
      return seen;
    });
    onSent();
    const actual = await vapi.getAssistant(credential, assistantId).catch(() => answered);
    const keys = intent.changes.filter((change) => !recorder.isDone([change], actual)).map((change) => change.key);
    if (keys.length > 0) deps.onMismatch({ assistantId, keys });
    return actual;
  }

  /** Looks after an edit whose end was not recorded: what Vapi took becomes a version, the rest is forgotten. */
  async function recover(tenantId: string, open: OpenEdit, fresh: VapiAssistant): Promise<KnownAssistant | undefined> {
    const token = randomUUID();
    try {
      if (!open.isExpired || !(await store.inherit(tenantId, open.token, token))) return undefined;
      return await recordOpen({ tenantId, token, intent: open.intent, fresh });
    } catch (error) {
      // Whoever looks next may take it over at once.
      await giveBack(deps.clock, () => store.expire(tenantId, token));
      throw error;
    }
  }

  type Open = { tenantId: string; token: string; intent: EditIntent | null; fresh: VapiAssistant };

  async function recordOpen({ tenantId, token, intent, fresh }: Open): Promise<KnownAssistant | undefined> {
    if (intent !== null)
      return recorder.record({ tenantId, intent, actual: fresh, target: await deps.target(tenantId), token });
    await store.release(tenantId, token);
    return undefined;
  }

  async function knownOf({ tenantId, assistantId }: EditOrder, fresh: VapiAssistant, target: WebhookTarget) {
    const known = await store.find(tenantId, assistantId);
    if (known?.deletedAt === null) return known;
    const sighting = {
      assistant: withoutSecrets(fresh),
      agreed: deps.readValues(fresh),
      connected: isConnected(fresh, target, tenantId),
    };
    await store.sight(tenantId, [sighting]);
    const made = await store.find(tenantId, assistantId);
    if (made?.deletedAt !== null) throw fail('not_found', 'There is no such assistant.');
    return made;
  }

  async function gone({ tenantId, assistantId }: EditOrder, error: unknown): Promise<never> {
    if (error instanceof UpstreamError && error.kind === 'not_found') await store.markGone(tenantId, assistantId);
    throw error;
  }

  function changesOf(plan: EditPlan, fresh: VapiAssistant): Change[] {
    const after = { ...fresh, ...plan.patch } as VapiAssistant;
    const found = plan.changes ?? differences(recorder.tracked(fresh), recorder.tracked(after));
    return found.map((change) => ({ id: randomUUID(), ...change }));
  }

  return { edit, recover };
}

function intentOf({ author, reason, checked }: EditOrder, { action, note }: EditPlan, changes: Change[]): EditIntent {
  return { action, author, reason: reason ?? null, correlationId: currentCorrelationId(), checked, changes, note };
}

/** Refused or never sent: Vapi holds what it held before. */
function isCertainlyNotDone(error: unknown): boolean {
  if (!(error instanceof UpstreamError)) return true;
  return (
    !error.connected || ['auth', 'invalid', 'conflict', 'billing', 'not_found', 'rate_limited'].includes(error.kind)
  );
}

function lostLease() {
  return fail('overloaded', 'This change took too long and was given up before anything was written. Try again.', {
    retryAfterSeconds: 1,
  });
}
