import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { Database } from '../../src/db/connect.ts';
import { createVault } from '../../src/features/credentials/vault.ts';
import { placeOfWebhookSecret } from '../../src/features/credentials/webhook-secrets.ts';

/** Gives a tenant a secret for Vapi's webhooks, straight in the database, so that a test may send them. */
export async function giveVapiSecret(database: Database, tenantId: string, secretKey: string): Promise<string> {
  const token = randomBytes(32).toString('base64url');
  const id = randomUUID();
  const place = placeOfWebhookSecret(tenantId, id);
  await database.asTenant(tenantId, (trx) =>
    trx
      .insertInto('webhook_secrets')
      .values({
        id,
        tenant_id: tenantId,
        vendor: 'vapi',
        secret: createVault({ secretKey }).seal(token, place),
        fingerprint: createHash('sha256').update(token).digest(),
        created_at: new Date(),
        expires_at: null,
      })
      .execute(),
  );
  return token;
}
