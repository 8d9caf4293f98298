import type { App } from '../../http/app-type.ts';
import { actorOf } from '../../http/caller.ts';
import { REFUSALS } from '../../http/shapes.ts';
import {
  webhookSecretListSchema,
  webhookSecretParamsSchema,
  webhookSecretRotationBodySchema,
  webhookSecretRotationSchema,
} from './contract.ts';
import type { KnownSecret, WebhookSecrets } from './webhook-secrets.ts';

export type WebhookSecretRouteDeps = {
  webhookSecrets: Pick<WebhookSecrets, 'list' | 'rotate' | 'end'>;
  /** Puts the newest secret at Vapi wherever AVA manages an assistant: resolves to how many, or null when Vapi cannot be asked. */
  carrySecret(tenantId: string): Promise<number | null>;
};

export function webhookSecretRoutes(app: App, deps: WebhookSecretRouteDeps): void {
  list(app, deps);
  rotate(app, deps);
  end(app, deps);
}

const CHANGE = { access: 'admin', limitGroup: 'credentials' } as const;
const VENDOR = 'vapi';
const tags = ['vapi'];

function list(app: App, { webhookSecrets }: WebhookSecretRouteDeps): void {
  const schema = {
    tags,
    summary: "The secrets that Vapi's webhooks may carry now; never the secrets themselves",
    response: { 200: webhookSecretListSchema, ...REFUSALS },
  };
  const config = { access: 'viewer', limitGroup: 'credentials' } as const;
  app.get('/vapi/webhook-secrets', { config, schema }, async ({ caller }) => ({
    webhook_secrets: (await webhookSecrets.list(caller.tenantId, VENDOR)).map(secretWire),
    next_cursor: null,
  }));
}

function rotate(app: App, { webhookSecrets, carrySecret }: WebhookSecretRouteDeps): void {
  const schema = {
    tags,
    summary: 'Make a new secret for webhooks and put it at Vapi; the one before counts on for a while',
    body: webhookSecretRotationBodySchema,
    response: { 200: webhookSecretRotationSchema, ...REFUSALS },
  };
  app.post('/vapi/webhook-secrets/rotate', { config: CHANGE, schema }, async (request) => {
    const { tenantId } = request.caller;
    const overlapMs = request.body.overlap_minutes * 60_000;
    const value = await webhookSecrets.rotate(tenantId, VENDOR, { actor: actorOf(request), overlapMs });
    const [newest] = await webhookSecrets.list(tenantId, VENDOR);
    return { webhook_secret: secretWire(newest!), value, assistants_updated: await carrySecret(tenantId) };
  });
}

function end(app: App, { webhookSecrets }: WebhookSecretRouteDeps): void {
  const schema = {
    tags,
    summary: 'End an earlier secret before its time',
    params: webhookSecretParamsSchema,
    response: { 200: webhookSecretListSchema, ...REFUSALS },
  };
  app.delete('/vapi/webhook-secrets/:id', { config: CHANGE, schema }, async (request) => {
    const { tenantId } = request.caller;
    await webhookSecrets.end(tenantId, VENDOR, { id: request.params.id, actor: actorOf(request) });
    return {
      webhook_secrets: (await webhookSecrets.list(tenantId, VENDOR)).map(secretWire),
      next_cursor: null,
    };
  });
}

function secretWire({ id, createdAt, expiresAt }: KnownSecret) {
  return { id, created_at: createdAt.toISOString(), expires_at: expiresAt?.toISOString() ?? null };
}
