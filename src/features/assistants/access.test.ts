import { expect, it } from 'vitest';
import { createHandClock } from '../../../test/harness/hand-clock.ts';
import { createWebhookTargets } from './access.ts';

it('the webhook secrets of so many tenants are kept, and those that were read longest ago go first', async () => {
  const read: string[] = [];
  const targets = createWebhookTargets({
    clock: createHandClock(),
    webhookSecrets: { current: async (tenantId: string) => (read.push(tenantId), `secret of ${tenantId}`) },
    publicUrl: 'https://ava.example.test/',
  });
  for (let tenant = 0; tenant <= 2_000; tenant += 1) await targets.of(`tenant ${tenant}`);
  read.length = 0;

  for (const tenant of ['tenant 1', 'tenant 2000']) await targets.of(tenant);
  expect(read).toEqual([]);

  const url = 'https://ava.example.test/webhooks/vapi';
  expect(await targets.of('tenant 0')).toEqual({ url, secret: 'secret of tenant 0' });
  expect(read).toEqual(['tenant 0']);
});
