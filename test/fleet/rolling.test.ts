/**
 * Every replica is replaced, one after the other, behind a balancer that repeats nothing: no request fails, no call is cut.
 * `npm run bench fleet -- --full` does it for twenty updates and as many ways back.
 */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../harness/free-port.ts';
import { type Haproxy, hasHaproxy, startHaproxy } from '../harness/haproxy.ts';
import { printResult, testScale } from '../harness/result.ts';
import { until } from '../harness/until.ts';
import { type Fleet, startFleet } from './fleet.ts';
import { makeRelease, type ReleaseFolder } from './release-folder.ts';
import { startTraffic, tally } from './rolling-traffic.ts';

const CLIENTS = 32;
/** Each goes to the new version and back. */
const UPDATES = testScale();

let next: ReleaseFolder;
let fleet: Fleet;
let balancer: Haproxy;
let token: string;
beforeAll(async () => {
  if (!hasHaproxy()) return;
  next = makeRelease('9.9.9', {});
  const port = await freePort();
  const env = {
    PUBLIC_URL: `http://127.0.0.1:${port}`,
    RATE_LIMIT_PER_MINUTE: '1000000',
    SHUTDOWN_GRACE_SECONDS: '20',
  };
  fleet = await startFleet({ env, simulator: { timeScale: 200 } });
  token = (await fleet.replicas[0]!.owner()).token;
  balancer = await startHaproxy(
    port,
    fleet.replicas.map(({ url }) => new URL(url).host),
  );
  await routeNumber();
}, 300_000);
afterAll(async () => {
  await balancer?.stop();
  await fleet?.stop();
  next?.remove();
});

const HERE = fileURLToPath(new URL('../..', import.meta.url));

/** Lets the assistant answer the number, and a person where it cannot. */
async function routeNumber(): Promise<void> {
  const { baseUrl, accountSid, authToken, numbers } = fleet.simulator.twilio;
  const basic = `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`;
  const list = `${baseUrl}/2010-04-01/Accounts/${accountSid}/IncomingPhoneNumbers.json`;
  const answer = await fetch(list, { headers: { authorization: basic } });
  const owned = ((await answer.json()) as { incoming_phone_numbers: { sid: string; phone_number: string }[] })
    .incoming_phone_numbers;
  const { sid } = owned.find((one) => one.phone_number === numbers[0])!;
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  expect((await fetch(`${balancer.url}/api/v1/vapi/settings`, { headers })).status).toBe(200);
  const people = [{ name: 'Ann', phone_number: '+15005550006' }];
  const body = JSON.stringify({
    assistant_id: fleet.simulator.vapi.assistantId,
    mode: 'front_door',
    fallback: { people, strategy: 'in_order', voicemail: true, message: '' },
  });
  const put = await fetch(`${balancer.url}/api/v1/twilio/numbers/${sid}/routing`, { method: 'PUT', headers, body });
  expect(put.status).toBe(200);
}

/** These replicas become that release, one after the other. */
async function roll(folder: string): Promise<void> {
  for (const replica of fleet.replicas) {
    await replica.restart('SIGTERM', folder);
    await until('the balancer sees every replica', async () => (await balancer.upCount()) === 3, 60_000);
  }
}

async function versions(): Promise<string[]> {
  const answers = await Promise.all(fleet.replicas.map(async ({ url }) => (await fetch(`${url}/healthz`)).json()));
  return answers.map((answer) => (answer as { version: string }).version);
}

describe.skipIf(!hasHaproxy())('an update and the way back behind HAProxy', () => {
  test(
    'fails no request, no webhook and no live update, and cuts no call',
    { timeout: 600_000 * UPDATES },
    async () => {
      const [before] = await versions();
      const { soFar, stop } = startTraffic({
        url: balancer.url,
        token,
        simulator: fleet.simulator,
        clients: CLIENTS,
        callers: 2,
      });
      for (let update = 0; update < UPDATES; update += 1) {
        await roll(next.folder);
        expect(await versions()).toEqual(['9.9.9', '9.9.9', '9.9.9']);
        await roll(HERE);
        expect(await versions()).toEqual([before, before, before]);
        const { requests, failed, calls } = soFar;
        console.log(`after ${update + 1}: ${requests} requests, ${failed.length} failed, ${calls.length} calls`);
      }
      const { requests, failed, calls, readers, cutReaders } = await stop();
      const wrong = calls.filter(
        ({ outcome, heardError }) => heardError || outcome === 'error' || outcome === 'abandoned',
      );
      const figure = { id: 'R28', goal: '0', floor: '0' };
      printResult({ ...figure, value: failed.length, unit: 'failed requests', pass: failed.length === 0, n: requests });
      printResult({ ...figure, value: wrong.length, unit: 'calls cut', pass: wrong.length === 0, n: calls.length });
      console.log(JSON.stringify(tally(failed)), JSON.stringify(wrong.slice(0, 3)));
      console.log(`${UPDATES} updates and ${UPDATES} rollbacks of 3 replicas, ${readers} readers of live updates`);
      // A machine that stands still for seconds leaves AVA nothing but to say when to come again; a restart never does.
      const refused = failed.filter(({ isRefusal }) => isRefusal);
      expect(failed.filter(({ isRefusal }) => !isRefusal).slice(0, 5)).toEqual([]);
      expect(refused.length).toBeLessThanOrEqual(CLIENTS * UPDATES);
      expect(wrong.slice(0, 2)).toEqual([]);
      expect(cutReaders).toBe(0);
      expect(calls.length).toBeGreaterThan(0);
    },
  );
});
