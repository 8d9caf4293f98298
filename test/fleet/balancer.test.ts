/** What the balancer makes of a replica whose database is away: it still answers ringing calls. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { signRequest } from '../../src/simulator/telephony/signature.ts';
import { freePort } from '../harness/free-port.ts';
import { type Haproxy, hasHaproxy, startHaproxy } from '../harness/haproxy.ts';
import { type InProcess, startInProcess } from '../harness/in-process.ts';
import { until } from '../harness/until.ts';

let ava: InProcess;
let balancer: Haproxy;
beforeAll(async () => {
  if (!hasHaproxy()) return;
  const port = await freePort();
  ava = await startInProcess({ env: { PUBLIC_URL: `http://127.0.0.1:${port}` } });
  balancer = await startHaproxy(port, [new URL(ava.url).host]);
}, 120_000);
afterAll(async () => {
  await balancer?.stop();
  await ava?.stop();
});

const statusOf = async (path: string) => (await fetch(`${ava.url}${path}`)).status;

describe.skipIf(!hasHaproxy())('a replica whose database is away', () => {
  test('is ready for calls alone, and the balancer brings it a ringing call', async () => {
    expect([await statusOf('/readyz'), await statusOf('/readyz/calls')]).toEqual([200, 200]);
    ava.cable.pull();
    await until('it says that its database is away', async () => (await statusOf('/readyz')) === 503);
    expect(await statusOf('/readyz/calls')).toBe(200);
    await until('the balancer has taken it out', async () => (await balancer.upCount()) === 0, 30_000);

    const target = `${balancer.url}/webhooks/twilio/voice`;
    const params = {
      AccountSid: ava.simulator.twilio.accountSid,
      CallSid: `CA${randomUUID().replaceAll('-', '')}`,
      CallStatus: 'ringing',
      Direction: 'inbound',
      To: ava.number,
      From: '+15005550001',
    };
    const answer = await fetch(target, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'x-twilio-signature': signRequest(ava.simulator.twilio.authToken, target, params),
      },
      body: new URLSearchParams(params),
    });
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain('<Response>');

    ava.cable.plug();
    await until('the balancer sends it everything again', async () => (await balancer.upCount()) === 1, 30_000);
  });
});
