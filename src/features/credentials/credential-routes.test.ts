import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type InProcess, startInProcess } from '../../../test/harness/in-process.ts';
import { makeCaller } from '../../../test/harness/tenant.ts';

let ava: InProcess;
let token: string;
beforeAll(async () => {
  // Each test breaks Vapi for itself.
  ava = await startInProcess({ env: { CIRCUIT_BREAKER_ENABLED: 'false' } });
  const user = await ava.deps.db.system.selectFrom('users').select('email').executeTakeFirstOrThrow();
  token = await ava.deps.accounts.users.issueToken({ ...user, ttlSeconds: 3600 });
});
afterAll(() => ava?.stop());

async function call(method: string, path: string, body?: object, by = token) {
  const answer = await fetch(`${ava.url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${by}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: (await answer.json()) as any };
}

/** A webhook of Vapi with these headers; the status of the answer. */
async function webhook(headers: Record<string, string>, query = '', body = message()): Promise<number> {
  const answer = await fetch(`${ava.url}/webhooks/vapi${query}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
  await answer.arrayBuffer();
  return answer.status;
}

let sent = 1_767_225_605_123;
const message = () => JSON.stringify({ message: { type: 'status-update', status: 'ended', timestamp: (sent += 1) } });

function signedBy(secret: string, body: string): Record<string, string> {
  const timestamp = String(Date.now());
  const digest = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
  return { 'x-timestamp': timestamp, 'x-signature': `sha256=${digest}` };
}

describe('trying a credential', () => {
  it('says in a sentence whether the vendor takes the stored one, and the one given', async () => {
    const stored = await call('POST', '/vapi/credentials/test', {});
    expect(stored.body).toEqual({
      works: true,
      outcome: 'accepted',
      source: 'environment',
      message: 'Vapi answers and accepts the API key.',
      stub: false,
    });
    const wrong = await call('POST', '/vapi/credentials/test', { api_key: 'a-wrong-key-0001' });
    expect(wrong).toMatchObject({ status: 200, body: { works: false, outcome: 'rejected', source: 'given' } });
    expect(wrong.body.message).toContain('Vapi rejected the API key');
    const { apiKey } = ava.simulator.control.addVapiOrg();
    const right = await call('POST', '/vapi/credentials/test', { api_key: apiKey });
    expect(right.body).toMatchObject({ works: true, source: 'given' });
    expect((await call('GET', '/vapi/credentials')).body).toMatchObject({ source: 'environment' });
  });

  it('does the same for Twilio, and names the half of a pair that is missing', async () => {
    expect((await call('POST', '/twilio/credentials/test', {})).body).toMatchObject({ works: true });
    const wrong = { account_sid: `AC${'0'.repeat(32)}`, auth_token: 'a-wrong-token-1' };
    expect((await call('POST', '/twilio/credentials/test', wrong)).body).toMatchObject({
      outcome: 'rejected',
      message: expect.stringContaining('Twilio rejected'),
    });
    const half = await call('POST', '/twilio/credentials/test', { account_sid: wrong.account_sid });
    expect(half).toMatchObject({ status: 422, body: { errors: [{ field: 'auth_token' }] } });
    expect((await call('POST', '/twilio/credentials/test', {})).body).toMatchObject({ works: true });
    expect((await call('POST', '/twilio/credentials/test', {})).status).toBe(200);
    expect((await call('POST', '/twilio/credentials/test', {})).status).toBe(429);
  });

  it('never says rejected when the vendor could not be asked, and tells who has nothing to test', async () => {
    const fault = ava.simulator.control.addFault({
      vendor: 'vapi',
      operation: 'GET /assistant*',
      kind: 'status',
      status: 500,
    });
    const away = await call('POST', '/vapi/credentials/test', {});
    ava.simulator.control.removeFault(fault);
    expect(away.body).toMatchObject({ works: false, outcome: 'not_reached' });
    const { email } = await makeCaller(ava.deps.db, 'admin', false);
    const nobody = await ava.deps.accounts.users.issueToken({ email, ttlSeconds: 600 });
    const nothing = await call('POST', '/vapi/credentials/test', {}, nobody);
    expect(nothing.body).toMatchObject({ outcome: 'not_configured', source: null });
  });
});

describe('a new webhook secret', () => {
  it('is put at Vapi at once; the one before counts in every form until it is ended', async () => {
    const before = await ava.deps.webhookSecrets.current(ava.tenantId, 'vapi', { name: 'test' });
    const rotated = await call('POST', '/vapi/webhook-secrets/rotate', { overlap_minutes: 60 });
    expect(rotated).toMatchObject({ status: 200, body: { webhook_secret: { expires_at: null } } });
    const after: string = rotated.body.value;
    expect(rotated.body.assistants_updated).toBeGreaterThan(0);
    const { baseUrl, apiKey, assistantId } = ava.simulator.vapi;
    const atVapi = await fetch(`${baseUrl}/assistant/${assistantId}`, {
      headers: { authorization: `Bearer ${apiKey}` },
    });
    expect(((await atVapi.json()) as any).server.headers['X-Vapi-Secret']).toBe(after);

    for (const secret of [before, after]) {
      const body = message();
      expect(await webhook({ 'x-vapi-secret': secret })).toBe(204);
      expect(await webhook({ authorization: `Bearer ${secret}` })).toBe(204);
      expect(await webhook(signedBy(secret, body), `?tenant=${ava.tenantId}`, body)).toBe(204);
    }
    const listed = await call('GET', '/vapi/webhook-secrets');
    expect(listed.body.webhook_secrets).toHaveLength(2);
    expect(JSON.stringify(listed.body)).not.toContain(after);

    const [newest, earlier] = listed.body.webhook_secrets;
    expect(await call('DELETE', `/vapi/webhook-secrets/${newest.id}`)).toMatchObject({
      status: 409,
      body: { code: 'webhook_secret_in_use' },
    });
    const ended = await call('DELETE', `/vapi/webhook-secrets/${earlier.id}`);
    expect(ended.body.webhook_secrets).toEqual([newest]);
    const body = message();
    expect(await webhook(signedBy(before, body), `?tenant=${ava.tenantId}`, body)).toBe(403);
    expect((await call('DELETE', `/vapi/webhook-secrets/${earlier.id}`)).status).toBe(404);
    const actions = await ava.deps.db.asTenant(ava.tenantId, (trx) =>
      trx
        .selectFrom('audit_entries')
        .select('action')
        .where('action', 'like', 'webhook_secret.%')
        .orderBy('id')
        .execute(),
    );
    expect(actions.map(({ action }) => action).slice(-2)).toEqual(['webhook_secret.rotated', 'webhook_secret.ended']);
  });

  it('is made also while Vapi is away, and put there later', async () => {
    const fault = ava.simulator.control.addFault({
      vendor: 'vapi',
      operation: 'GET /assistant*',
      kind: 'status',
      status: 500,
    });
    const rotated = await call('POST', '/vapi/webhook-secrets/rotate', {});
    ava.simulator.control.removeFault(fault);
    expect(rotated).toMatchObject({ status: 200, body: { assistants_updated: null } });
    expect(await webhook({ 'x-vapi-secret': rotated.body.value })).toBe(204);
  });
});
