/**
 * Where Vapi sends an assistant's webhooks: to this AVA, with the tenant's own secret, and repeated until they arrive.
 * Without `backoffPlan` Vapi does not repeat a webhook at all.
 */
import type { VapiAssistant } from '../../providers/vapi/shapes.ts';
import { fingerprint } from './known.ts';

export type WebhookTarget = { url: string; secret: string };

export const SECRET_HEADER = 'X-Vapi-Secret';
export const TENANT_TAG = 'ava_tenant';

const TIMEOUT_SECONDS = 20;
const BACKOFF_PLAN = {
  type: 'exponential',
  maxRetries: 8,
  baseDelaySeconds: 1,
  // What a repeat would not cure.
  excludedStatusCodes: [400, 401, 403, 404],
};

/** Without the events that come many times a second, and without `phone-call-control`, which would put AVA in charge. */
const SERVER_MESSAGES = [
  'status-update',
  'end-of-call-report',
  'hang',
  'tool-calls',
  'transfer-update',
  'transfer-destination-request',
  'handoff-destination-request',
  'transcript[transcriptType="final"]',
];

/** The fields that connect `assistant` to this AVA and mark it as the tenant's. */
export function connectingFields(
  assistant: Partial<VapiAssistant>,
  target: WebhookTarget,
  tenantId: string,
): Record<string, unknown> {
  return {
    server: serverOf(assistant, target),
    serverMessages: [...new Set([...(assistant.serverMessages ?? []), ...SERVER_MESSAGES])],
    metadata: { ...assistant.metadata, [TENANT_TAG]: tenantId },
  };
}

/** Whether all of that is in place. Also works on a copy without secrets. */
export function isConnected(assistant: VapiAssistant, target: WebhookTarget, tenantId: string): boolean {
  const { server, serverMessages, metadata } = assistant;
  const plan = (server?.['backoffPlan'] ?? {}) as Record<string, unknown>;
  const secret = (server?.['headers'] as Record<string, unknown> | undefined)?.[SECRET_HEADER];
  return (
    server?.['url'] === target.url &&
    (secret === target.secret || secret === fingerprint(target.secret)) &&
    plan['type'] === BACKOFF_PLAN.type &&
    Number(plan['maxRetries']) >= 5 &&
    SERVER_MESSAGES.every((name) => serverMessages?.includes(name) === true) &&
    metadata?.[TENANT_TAG] === tenantId
  );
}

/** The tenant that this assistant is marked as belonging to. */
export function tagOf(assistant: VapiAssistant): string | undefined {
  const tag = assistant.metadata?.[TENANT_TAG];
  return typeof tag === 'string' ? tag : undefined;
}

function serverOf(assistant: Partial<VapiAssistant>, { url, secret }: WebhookTarget): Record<string, unknown> {
  const { server } = assistant;
  // What was meant for another receiver (its headers, its credential) is not sent to this one.
  const own = server?.['url'] === url ? server : {};
  const headers = { ...(own['headers'] as Record<string, unknown> | undefined), [SECRET_HEADER]: secret };
  return { ...own, url, headers, timeoutSeconds: TIMEOUT_SECONDS, backoffPlan: BACKOFF_PLAN };
}
