import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.ts';
import { type PrivateApp, startPrivateApp } from '../../../test/harness/private-app.ts';
import { makeCaller } from '../../../test/harness/tenant.ts';
import { systemClock } from '../../clock.ts';
import type { Caller } from '../../http/caller.ts';
import { UpstreamError } from '../../resilience/upstream-error.ts';
import { createEffects } from '../effects/effects.ts';
import { createCalls } from '../calls/calls.ts';
import { createReads } from '../calls/reads.ts';
import { callRoutes } from '../calls/routes.ts';
import { sentMessageRoutes } from './routes.ts';
import { createSentMessages } from './sent-messages.ts';

let database: TestDatabase;
let app: PrivateApp;
let caller: Caller;
let colleague: Caller;
let stranger: Caller;
let asking: Caller;
let callId: string;

beforeAll(async () => {
  database = await createTestDatabase();
  const db = database.database;
  caller = await makeCaller(db, 'viewer', false);
  stranger = await makeCaller(db, 'owner', false);
  colleague = { ...caller, userId: stranger.userId };
  await db.asTenant(caller.tenantId, (trx) =>
    trx
      .insertInto('members')
      .values({ tenant_id: caller.tenantId, user_id: colleague.userId, role: 'viewer' })
      .execute(),
  );
  const calls = createCalls({
    ...{ db, clock: systemClock, publish: () => {}, afterCall: async () => {}, additions: async () => [] },
  });
  callId = await makeCall(caller);
  asking = caller;
  app = await startPrivateApp({
    db,
    caller: () => asking,
    routes: (scope) => {
      callRoutes(scope, { calls, reads: createReads({ db }), exportCalls: {} as never });
      sentMessageRoutes(scope, { sentMessages: createSentMessages({ db }) });
    },
  });
});

afterAll(async () => {
  await app.close();
  await database.drop();
});

async function makeCall({ tenantId }: Caller): Promise<string> {
  const values = { tenant_id: tenantId, direction: 'inbound', status: 'ended', started_at: new Date() };
  return await database.database.asTenant(tenantId, async (trx) => {
    const { id } = await trx.insertInto('calls').values(values).returning('id').executeTakeFirstOrThrow();
    return id;
  });
}

describe('messages that left the house', () => {
  const effects = () => createEffects({ db: database.database, clock: systemClock });
  const lost = new UpstreamError({ kind: 'timeout', upstream: 'email', connected: true, detail: 'nobody answered' });
  const refused = new UpstreamError({
    ...{ kind: 'invalid', upstream: 'twilio', connected: true, detail: 'Twilio refuses +14155550134' },
  });

  beforeAll(async () => {
    const { tenantId } = caller;
    const mail = (to: string) => ({ tenantId, key: `email:call:${callId}:${to}`, kind: 'email' });
    const text = { tenantId, key: `sms:call:${callId}:+14155550134`, kind: 'sms' };
    await effects().once(mail('owner@example.test'), async () => ({ messageId: 'mail-1' }));
    await effects()
      .once(mail('second@example.test'), () => Promise.reject(lost))
      .catch(() => {});
    await effects()
      .once(text, () => Promise.reject(refused))
      .catch(() => {});
    await effects().once({ tenantId, key: 'ring:CA1', kind: 'ring' }, async () => ({}));
  });

  it('stand in one list with how each went, to whom cut down, and the call that it is about', async () => {
    const { body } = await app.call('GET', '/api/v1/messages');
    expect(body.messages.map(({ channel, state, to }: never) => [channel, state, to])).toEqual([
      ['sms', 'refused', '+14…34'],
      ['email', 'unknown', 's…@example.test'],
      ['email', 'sent', 'o…@example.test'],
    ]);
    expect(body.messages[0]).toMatchObject({ call_id: callId, problem: expect.stringContaining('+14…34') });
    expect(body.messages[2]).toMatchObject({ call_id: callId, message_id: 'mail-1', problem: null });
    expect(JSON.stringify(body)).not.toMatch(/owner@|second@|4155550134/);
  });

  it('are found by channel and state, and page by page', async () => {
    const unknown = await app.call('GET', '/api/v1/messages?channel=email&state=unknown');
    expect(unknown.body.messages.map((one: { to: string }) => one.to)).toEqual(['s…@example.test']);
    const texts = await app.call('GET', '/api/v1/twilio/messages');
    expect(texts.body.messages.map((one: { channel: string }) => one.channel)).toEqual(['sms']);
    const first = await app.call('GET', '/api/v1/messages?limit=2');
    const rest = await app.call('GET', `/api/v1/messages?limit=2&cursor=${first.body.next_cursor}`);
    expect([first.body.messages.length, rest.body.messages.length, rest.body.next_cursor]).toEqual([2, 1, null]);
  });

  it('of one tenant are not shown to another', async () => {
    asking = stranger;
    const { body } = await app.call('GET', '/api/v1/messages');
    asking = caller;
    expect(body.messages).toEqual([]);
  });
});

describe('a call', () => {
  const listed = async (query = '') =>
    (await app.call('GET', `/api/v1/calls${query}`)).body.calls.map((one: { id: string; read: boolean }) => [
      one.id === callId,
      one.read,
    ]);

  it('is read by each person apart, and once is enough', async () => {
    expect(await listed()).toEqual([[true, false]]);
    for (const turn of [1, 2])
      expect([turn, (await app.call('PUT', `/api/v1/calls/${callId}/read`)).status]).toEqual([turn, 204]);
    expect(await listed()).toEqual([[true, true]]);
    expect(await listed('?unread=true')).toEqual([]);
    asking = colleague;
    expect(await listed('?unread=true')).toEqual([[true, false]]);
    asking = caller;
  });

  it('of another tenant cannot be read, nor one that is not there', async () => {
    const theirs = await makeCall(stranger);
    for (const id of [theirs, randomUUID()])
      expect((await app.call('PUT', `/api/v1/calls/${id}/read`)).status).toBe(404);
  });

  it('that is deleted takes with it who read it', async () => {
    await database.database.asTenant(caller.tenantId, (trx) =>
      trx.deleteFrom('calls').where('id', '=', callId).execute(),
    );
    const left = await database.database.asTenant(caller.tenantId, (trx) =>
      trx.selectFrom('call_reads').selectAll().execute(),
    );
    expect(left).toEqual([]);
  });
});
