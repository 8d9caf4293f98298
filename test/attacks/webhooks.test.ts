import { createHash, createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { twilioSignature } from '../../src/providers/twilio/signature.ts';
import { type InProcess, startInProcess } from '../harness/in-process.ts';
import { printResult, testScale } from '../harness/result.ts';
import { makeCaller } from '../harness/tenant.ts';

let house: InProcess;
let secret: string;
let other: { tenantId: string; secret: string };
beforeAll(async () => {
  house = await startInProcess();
  const by = { name: 'test' };
  secret = await house.deps.webhookSecrets.current(house.tenantId, 'vapi', by);
  const { tenantId } = await makeCaller(house.deps.db);
  other = { tenantId, secret: await house.deps.webhookSecrets.current(tenantId, 'vapi', by) };
});
afterAll(() => house.stop());

type Forgery = { name: string; status: number };

const countEvents = async () => {
  const row = await house.deps.db.asTenant(house.tenantId, (trx) =>
    trx
      .selectFrom('webhook_events')
      .select((eb) => eb.fn.countAll().as('n'))
      .executeTakeFirstOrThrow(),
  );
  return Number(row.n);
};

const voiceUrl = () => `${house.url}/webhooks/twilio/voice`;
const params = (over: Record<string, string> = {}) => ({
  AccountSid: house.simulator.twilio.accountSid,
  CallSid: `CA${'1'.repeat(32)}`,
  From: '+12025550111',
  To: house.number,
  CallStatus: 'ringing',
  ...over,
});
const form = 'application/x-www-form-urlencoded';
const twilioPost = async (
  url: string,
  signature: string | string[] | undefined,
  body: string,
  headers: Record<string, string> = {},
) => {
  const all = new Headers({ 'content-type': form, ...headers });
  for (const one of [signature ?? []].flat()) all.append('x-twilio-signature', one);
  return (await fetch(url, { method: 'POST', headers: all, body })).status;
};

async function twilioForgeries(): Promise<Forgery[]> {
  const token = house.simulator.twilio.authToken;
  const url = voiceUrl();
  const given = params();
  const body = new URLSearchParams(given).toString();
  const good = twilioSignature(token, url, given);
  const forgeries: [string, Promise<number>][] = [
    ['unsigned', twilioPost(url, undefined, body)],
    ['empty signature', twilioPost(url, '', body)],
    ['empty token', twilioPost(url, twilioSignature('', url, given), body)],
    ['another token', twilioPost(url, twilioSignature('0'.repeat(32), url, given), body)],
    ['sha256 instead of sha1', twilioPost(url, createHmac('sha256', token).update(url).digest('base64'), body)],
    [
      'plain hash',
      twilioPost(
        url,
        createHash('sha1')
          .update(token + url)
          .digest('base64'),
        body,
      ),
    ],
    ['doubled header', twilioPost(url, [good, good], body)],
    ['extra parameter', twilioPost(url, good, `${body}&Extra=1`)],
    ['extra query', twilioPost(`${url}?x=1`, good, body)],
    ['changed value', twilioPost(url, good, body.replace('ringing', 'in-progress'))],
    ['missing parameter', twilioPost(url, good, body.replace('&CallStatus=ringing', ''))],
    ['another address', twilioPost(`${house.url}/webhooks/twilio/status`, good, body)],
    ['signed for https', twilioPost(url, twilioSignature(token, url.replace('http:', 'https:'), given), body)],
    [
      'host that the sender chose',
      twilioPost(url, twilioSignature(token, 'https://evil.example/webhooks/twilio/voice', given), body, {
        'x-forwarded-host': 'evil.example',
        'x-forwarded-proto': 'https',
      }),
    ],
    [
      'json instead of a form',
      twilioPost(url, twilioSignature(token, url), JSON.stringify(given), { 'content-type': 'application/json' }),
    ],
    [
      'json with a hash of something else',
      twilioPost(
        `${url}?bodySHA256=${'0'.repeat(64)}`,
        twilioSignature(token, `${url}?bodySHA256=${'0'.repeat(64)}`),
        JSON.stringify(given),
        { 'content-type': 'application/json' },
      ),
    ],
    [
      'account that nobody has',
      twilioPost(
        url,
        twilioSignature(token, url, params({ AccountSid: `AC${'9'.repeat(32)}` })),
        new URLSearchParams(params({ AccountSid: `AC${'9'.repeat(32)}` })).toString(),
      ),
    ],
    ['trailing slash', twilioPost(`${url}/`, good, body)],
  ];
  for (let index = 0; index < good.length; index += 1) {
    const flipped = good.slice(0, index) + (good[index] === 'A' ? 'B' : 'A') + good.slice(index + 1);
    forgeries.push([`byte ${index} flipped`, twilioPost(url, flipped, body)]);
  }
  return await Promise.all(
    forgeries.map(async ([name, status]) => ({ name: `twilio: ${name}`, status: await status })),
  );
}

const message = (over: object = {}) =>
  JSON.stringify({
    message: {
      type: 'status-update',
      status: 'in-progress',
      timestamp: 1767225605123,
      call: { id: '0d6f2b1e-4a56-4f0e-9a57-0c6c7a3f1b11' },
      ...over,
    },
  });
const vapiPost = async (headers: [string, string][], body: string | Buffer, query = '') => {
  const all = new Headers({ 'content-type': 'application/json' });
  for (const [name, value] of headers) all.append(name, value);
  return (await fetch(`${house.url}/webhooks/vapi${query}`, { method: 'POST', headers: all, body: body as never }))
    .status;
};
const hmac = (key: string, timestamp: string, body: string, algorithm = 'sha256') =>
  createHmac(algorithm, key).update(`${timestamp}.${body}`).digest('hex');

async function vapiForgeries(): Promise<Forgery[]> {
  const body = message();
  const now = String(Math.floor(Date.now() / 1000));
  const own = `?tenant=${house.tenantId}`;
  const signed = (timestamp: string, signature: string): [string, string][] => [
    ['x-timestamp', timestamp],
    ['x-signature', signature],
  ];
  const forgeries: [string, Promise<number>][] = [
    ['nothing', vapiPost([], body)],
    ['empty secret', vapiPost([['x-vapi-secret', '']], body)],
    ['wrong secret', vapiPost([['x-vapi-secret', 'x'.repeat(secret.length)]], body)],
    [
      'doubled secret',
      vapiPost(
        [
          ['x-vapi-secret', secret],
          ['x-vapi-secret', secret],
        ],
        body,
      ),
    ],
    ['secret as basic', vapiPost([['authorization', `Basic ${secret}`]], body)],
    ['secret in the address', vapiPost([], body, `?secret=${secret}`)],
    [
      'hmac, 6 minutes old',
      vapiPost(signed(String(Number(now) - 360), hmac(secret, String(Number(now) - 360), body)), body, own),
    ],
    [
      'hmac, 6 minutes ahead',
      vapiPost(signed(String(Number(now) + 360), hmac(secret, String(Number(now) + 360), body)), body, own),
    ],
    [
      'hmac without a time',
      vapiPost([['x-signature', createHmac('sha256', secret).update(body).digest('hex')]], body, own),
    ],
    [
      'hmac of re-encoded json',
      vapiPost(signed(now, hmac(secret, now, body)), JSON.stringify(JSON.parse(body), null, 1), own),
    ],
    ['hmac with sha1', vapiPost(signed(now, hmac(secret, now, body, 'sha1')), body, own)],
    ['hmac with an empty key', vapiPost(signed(now, hmac('', now, body)), body, own)],
    ["hmac with another tenant's key", vapiPost(signed(now, hmac(other.secret, now, body)), body, own)],
    ['hmac for another tenant', vapiPost(signed(now, hmac(secret, now, body)), body, `?tenant=${other.tenantId}`)],
  ];
  for (let index = 0; index < secret.length; index += 1) {
    const flipped = secret.slice(0, index) + (secret[index] === 'A' ? 'B' : 'A') + secret.slice(index + 1);
    forgeries.push([`byte ${index} flipped`, vapiPost([['x-vapi-secret', flipped]], body)]);
  }
  return await Promise.all(forgeries.map(async ([name, status]) => ({ name: `vapi: ${name}`, status: await status })));
}

const GENUINE = 500 * testScale();

describe('webhooks', () => {
  it('are taken from the vendors alone, and twice is once', { timeout: 180_000 }, async () => {
    const before = await countEvents();
    const forgeries = [...(await twilioForgeries()), ...(await vapiForgeries())];
    const accepted = forgeries.filter(({ status }) => status !== 403 && status !== 404);
    expect(accepted).toEqual([]);
    expect(await countEvents()).toBe(before);

    let refused = 0;
    for (let index = 0; index < GENUINE / 10; index += 1) {
      const statuses = await Promise.all(
        Array.from({ length: 10 }, async (_, at) => {
          const one = index * 10 + at;
          if (one % 3 === 0)
            return await vapiPost([['x-vapi-secret', secret]], message({ timestamp: 1767225605123 + one }));
          if (one % 3 === 1)
            return await vapiPost([['authorization', `Bearer ${secret}`]], message({ timestamp: 1767225605123 + one }));
          return (await house.twilio('status', params({ CallStatus: 'completed', SequenceNumber: String(one) })))
            .status;
        }),
      );
      refused += statuses.filter((status) => status !== 204).length;
    }
    const timestamp = String(Date.now());
    const body = message({ timestamp: 1 });
    expect(
      await vapiPost(
        [
          ['x-timestamp', timestamp],
          ['x-signature', `sha256=${hmac(secret, timestamp, body)}`],
        ],
        body,
        `?tenant=${house.tenantId}`,
      ),
    ).toBe(204);

    const kept = await countEvents();
    await vapiPost([['x-vapi-secret', secret]], message({ timestamp: 1767225605123 }));
    await house.twilio('status', params({ CallStatus: 'completed', SequenceNumber: '2' }));
    const replayed = (await countEvents()) - kept;

    const older = secret;
    secret = await house.deps.webhookSecrets.rotate(house.tenantId, 'vapi', {
      actor: { name: 'test' },
      overlapMs: 60_000,
    });
    for (const one of [older, secret])
      expect(await vapiPost([['x-vapi-secret', one]], message({ timestamp: 5 }))).toBe(204);
    printResult({
      id: 'S05',
      value: `${accepted.length}; ${replayed}; ${refused}`,
      unit: 'forged accepted; replays with effect; genuine refused',
      goal: '0; 0; 0',
      floor: '0; 0; 0',
      pass: accepted.length + replayed + refused === 0,
      n: forgeries.length + GENUINE,
    });
    expect([replayed, refused]).toEqual([0, 0]);
  });

  it('of one tenant never land with another', async () => {
    const [assistant] = await house.deps.db.asTenant(house.tenantId, (trx) =>
      trx.selectFrom('assistants').select('vapi_assistant_id').execute(),
    );
    const body = message({
      timestamp: 77,
      call: { id: '1d6f2b1e-4a56-4f0e-9a57-0c6c7a3f1b11', assistantId: assistant!.vapi_assistant_id },
    });
    expect(await vapiPost([['x-vapi-secret', other.secret]], body)).toBe(204);
    const { webhooks } = await house.deps.inbox.list({ state: 'quarantined', limit: 5 });
    expect(webhooks[0]).toMatchObject({ tenant_id: null, vendor: 'vapi' });
    const theirs = await house.deps.db.asTenant(other.tenantId, (trx) =>
      trx.selectFrom('webhook_events').selectAll().execute(),
    );
    expect(theirs).toEqual([]);
  });

  it('that are broken get a clear status and leave nothing behind', async () => {
    const before = await countEvents();
    const key: [string, string][] = [['x-vapi-secret', secret]];
    expect(await vapiPost(key, '{"message":')).toBe(400);
    expect(await vapiPost(key, `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`)).toBe(400);
    expect(await vapiPost(key, '[]')).toBe(400);
    expect(await vapiPost(key, Buffer.alloc(6 * 1024 * 1024, 32))).toBe(413);
    expect(await countEvents()).toBe(before);
    expect(
      await vapiPost(
        key,
        message({ type: 'something-new', timestamp: 9, artifact: { transcript: 'x'.repeat(3_000_000) } }),
      ),
    ).toBe(204);
    expect(
      await vapiPost(
        key,
        message({
          type: 'end-of-call-report',
          timestamp: 10,
          endedReason: 'nul\u0000\ud800',
          artifact: { transcript: 'a\u0000b' },
        }),
      ),
    ).toBe(204);
    expect(await countEvents()).toBe(before + 2);
  });
});
