/** Releases of real builds on three replicas behind HAProxy, under load and with calls: a good one stays, a bad one goes back by itself. */
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { signRequest } from '../../src/simulator/telephony/signature.ts';
import { hasHaproxy } from '../harness/haproxy.ts';
import { printResult } from '../harness/result.ts';
import { until } from '../harness/until.ts';
import { keepBusy, makeTokens } from './fleet.ts';
import { type ReleaseFleet, startReleaseFleet } from './release-fleet.ts';

const BUILDS = {
  '1.0.0': undefined,
  '1.1.0': undefined,
  // One route answers 500; no smoke check asks it, only people do.
  '1.2.0': {
    file: 'src/features/system/routes.ts',
    from: 'circuit_breakers: circuits.list(request.caller),',
    to: 'circuit_breakers: [circuits.list(request.caller)[999]!.circuit] as never,',
  },
  // Says of itself to be another version than was released.
  '1.3.0': { file: 'src/release.ts', from: 'return { version,', to: "return { version: '1.0.9'," },
};
const CLIENTS = 12;

let fleet: ReleaseFleet;
let tokens: string[];
let sid: string;
beforeAll(async () => {
  if (!hasHaproxy()) return;
  fleet = await startReleaseFleet(BUILDS);
  tokens = await makeTokens(fleet.database, fleet.secretKey, CLIENTS);
  sid = await routeNumber();
}, 300_000);
afterAll(async () => fleet?.stop(), 120_000);

async function routeNumber(): Promise<string> {
  const { twilio, vapi } = fleet.simulator;
  const headers = { authorization: `Bearer ${fleet.token}`, 'content-type': 'application/json' };
  expect((await fetch(`${fleet.url}/api/v1/vapi/settings`, { headers })).status).toBe(200);
  const basic = Buffer.from(`${twilio.accountSid}:${twilio.authToken}`).toString('base64');
  const list = `${twilio.baseUrl}/2010-04-01/Accounts/${twilio.accountSid}/IncomingPhoneNumbers.json`;
  const answer = await fetch(list, { headers: { authorization: `Basic ${basic}` } });
  const { incoming_phone_numbers: owned } = (await answer.json()) as any;
  const number = owned.find((one: any) => one.phone_number === twilio.numbers[0]);
  const people = [{ name: 'Ann', phone_number: '+15005550006' }];
  const fallback = { people, strategy: 'in_order', voicemail: true, message: '' };
  const body = JSON.stringify({ assistant_id: vapi.assistantId, mode: 'front_door', fallback });
  const target = `${fleet.url}/api/v1/twilio/numbers/${number.sid}/routing`;
  expect((await fetch(target, { method: 'PUT', headers, body })).status).toBe(200);
  return number.sid;
}

type Outcome = { path: string; status: number; error?: string };

function ask(agent: Agent, target: string, more: { method?: string; headers: Record<string, string>; body?: string }) {
  return new Promise<Outcome>((resolve) => {
    const { method = 'GET', headers, body } = more;
    const sent = request(new URL(target, fleet.url), { agent, method, headers }, (answer) => {
      answer.resume();
      answer.once('error', (error) => resolve({ path: target, status: 0, error: error.message }));
      answer.once('end', () => resolve({ path: target, status: answer.statusCode ?? 0 }));
    });
    sent.once('error', (error) => resolve({ path: target, status: 0, error: error.message }));
    sent.end(body);
  });
}

function statusWebhook(agent: Agent): Promise<Outcome> {
  const { accountSid, authToken, numbers } = fleet.simulator.twilio;
  const call = { CallSid: `CA${randomUUID().replaceAll('-', '')}`, CallStatus: 'completed' };
  const params = { AccountSid: accountSid, ...call, To: numbers[0]!, From: '+15005550001' };
  const target = '/webhooks/twilio/status';
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    'x-twilio-signature': signRequest(authToken, `${fleet.url}${target}`, params),
  };
  return ask(agent, target, { method: 'POST', headers, body: new URLSearchParams(params).toString() });
}

const CIRCUITS = '/api/v1/ops/circuit-breakers';

/** People, webhooks and calls, until it is ended; answers what went wrong. */
function startTraffic() {
  const outcomes: Outcome[] = [];
  const calls: { outcome: string; heardError: boolean }[] = [];
  const agents = Array.from({ length: CLIENTS }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
  const targets = [
    CIRCUITS,
    '/api/v1/vapi/settings',
    `/api/v1/twilio/numbers/${sid}/routing`,
    '/api/v1/twilio/numbers',
  ];
  const stopPeople = keepBusy(CLIENTS, 400, async (turn) => {
    const agent = agents[turn % CLIENTS]!;
    const headers = { authorization: `Bearer ${tokens[turn % CLIENTS]}` };
    outcomes.push(
      await (turn % 5 === 0 ? statusWebhook(agent) : ask(agent, targets[Math.floor(turn / CLIENTS) % 4]!, { headers })),
    );
  });
  const stopCalls = keepBusy(2, 200, async () => {
    const to = fleet.simulator.twilio.numbers[0]!;
    calls.push(await fleet.simulator.control.placeCall({ to, script: { says: ['Hello'] } }));
  });
  return async () => {
    await stopCalls();
    await stopPeople();
    for (const agent of agents) agent.destroy();
    const failed = outcomes.filter(({ status }) => status === 0 || status >= 400);
    return { requests: outcomes.length, failed, calls, wrongCalls: calls.filter(({ heardError }) => heardError) };
  };
}

const release = (version: string, state: string, ...more: string[]) =>
  fleet.ava('release', '--version', version, ...fleet.flags(state), '--json', ...more);

const WATCH = ['--watch', '20s', '--every', '1s'];

/** On a machine that is too slow to answer in time, a good build is taken back for that alone: then it is tried again. */
async function releaseGood(version: string, state: string): Promise<any> {
  for (let attempt = 1; ; attempt += 1) {
    const { stdout, stderr } = await release(version, state, ...WATCH).ended;
    if (stdout === '') throw new Error(stderr);
    const report = JSON.parse(stdout);
    const broken = report.criteria.filter((one: any) => one.state === 'fail').map((one: any) => one.name);
    const isSlow = broken.join() === 'P95 by route' || /no answer within|in time/.test(report.reason);
    if (report.state === 'succeeded' || attempt === 3 || !isSlow) return report;
  }
}

async function newestRelease(): Promise<any> {
  const headers = { authorization: `Bearer ${fleet.token}` };
  const list = (await (await fetch(`${fleet.url}/api/v1/ops/releases?limit=1`, { headers })).json()) as any;
  const one = await fetch(`${fleet.url}/api/v1/ops/releases/${list.releases[0].id}`, { headers });
  return ((await one.json()) as any).release;
}

describe.skipIf(!hasHaproxy())('a release on three replicas under load and with calls', () => {
  test('is only shown with --dry-run: the steps, the conditions, the way back', async () => {
    const args = ['release', '--version', '1.1.0', '--dry-run', ...fleet.flags('dry.json')];
    const table = await fleet.ava(...args).ended;
    expect(table.stdout).toContain('ava-2/smoke');
    const { stdout } = await fleet.ava(...args, '--json').ended;
    const ids = JSON.parse(stdout).steps.map((step: any) => step.id);
    const each = ['ava-1', 'ava-2', 'ava-3'].flatMap((name) => [
      `${name}/replace`,
      `${name}/prove`,
      `${name}/smoke`,
      `${name}/glance`,
    ]);
    expect(ids).toEqual([...each, 'watch']);
    expect(JSON.parse(stdout).back).toHaveLength(9);
    expect(await fleet.versions()).toEqual(['1.0.0', '1.0.0', '1.0.0']);
    expect(existsSync(path.join(fleet.folder, 'dry.json'))).toBe(false);
  }, 300_000);

  test('of a good build stays, and the record says so', { timeout: 900_000 }, async () => {
    const stopTraffic = startTraffic();
    const report = await releaseGood('1.1.0', 'good.json');
    const { failed, calls, wrongCalls, requests } = await stopTraffic();
    console.log(`good release: ${requests} requests, ${calls.length} calls; ${report.reason}`);
    expect(report.state, JSON.stringify(report.criteria)).toBe('succeeded');
    expect(await fleet.versions()).toEqual(['1.1.0', '1.1.0', '1.1.0']);
    expect([failed.slice(0, 3), wrongCalls.slice(0, 1)]).toEqual([[], []]);
    const kept = await newestRelease();
    expect(kept).toMatchObject({ state: 'succeeded', version: '1.1.0', previous_version: '1.0.0', target: 'command' });
    expect(kept.progress.replicas.map((one: any) => one.state)).toEqual(['new', 'new', 'new']);
    expect(kept.reason).toContain('all 3 replicas');
    expect(kept.verification_id).not.toBeNull();
  });

  test('of a bad build ends by itself on the old version, with no failed call', { timeout: 900_000 }, async () => {
    const stopTraffic = startTraffic();
    const html = path.join(fleet.folder, 'bad.html');
    const { code, stdout } = await release('1.2.0', 'bad.json', ...WATCH, '--html', html).ended;
    const report = JSON.parse(stdout);
    const { failed, calls, wrongCalls, requests } = await stopTraffic();
    const planted = failed.filter((one) => one.path === CIRCUITS && one.status === 500).length;
    const seconds = report.rolled_back_ms / 1000;
    console.log(
      `bad release: ${requests} requests, ${planted} of them with the planted fault, ${calls.length} calls; ${report.reason}`,
    );
    const figure = { id: 'issue-6', goal: '< 60', floor: '< 60', n: 3 };
    printResult({ ...figure, value: seconds, unit: 's from red to the verified old version', pass: seconds < 60 });
    const lost = { id: 'issue-6', goal: '0', floor: '0', unit: 'failed calls', n: calls.length };
    printResult({ ...lost, value: wrongCalls.length, pass: wrongCalls.length === 0 });
    expect([code, report.state]).toEqual([1, 'rolled_back']);
    // On a machine under great load a smoke check may fail first; the words for it are held by the engine's own tests.
    expect(report.reason).toMatch(/errors that were its own fault|smoke checks failed/);
    expect(await fleet.versions()).toEqual(['1.1.0', '1.1.0', '1.1.0']);
    expect(calls.length).toBeGreaterThan(0);
    expect(wrongCalls.slice(0, 2)).toEqual([]);
    expect(failed.filter((one) => one.path !== CIRCUITS || one.status !== 500).slice(0, 3)).toEqual([]);
    expect(readFileSync(html, 'utf8')).toContain('AVA 1.2.0 was taken back');
    expect(await newestRelease()).toMatchObject({ state: 'rolled_back', version: '1.2.0', reason: report.reason });
  });

  test('whose build lies about its version is taken back from the first replica', { timeout: 900_000 }, async () => {
    const { stdout } = await release('1.3.0', 'lie.json', ...WATCH, '--start-timeout', '20s').ended;
    const report = JSON.parse(stdout);
    expect(report.state).toBe('rolled_back');
    expect(report.replicas).toEqual({ 'ava-1': 'returned', 'ava-2': 'old', 'ava-3': 'old' });
    expect(report.reason).toContain('says that it is 1.0.9');
    expect(await fleet.versions()).toEqual(['1.1.0', '1.1.0', '1.1.0']);
  });

  test('that is killed in the middle says where things stand, and is rolled back', { timeout: 900_000 }, async () => {
    const begun = release('1.0.0', 'killed.json', ...WATCH);
    const file = path.join(fleet.folder, 'killed.json');
    const journal = () => (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined);
    await until('the second replica is being replaced', () => journal()?.states['ava-2'] === 'changing', 120_000);
    const other = await release('1.0.0', 'other.json', ...WATCH).ended;
    expect([other.code, other.stderr]).toEqual([2, expect.stringContaining('is under way since')]);
    process.kill(begun.pid, 'SIGKILL');
    await begun.ended;
    const again = await release('1.0.0', 'killed.json', ...WATCH).ended;
    expect([again.code, again.stderr]).toEqual([2, expect.stringMatching(/not finished[^]*ava-1: runs the new/)]);
    const { stdout } = await fleet.ava('rollback', ...fleet.flags('killed.json'), '--json').ended;
    expect(JSON.parse(stdout)).toMatchObject({ state: 'rolled_back', replicas: { 'ava-3': 'old' } });
    expect(await fleet.versions()).toEqual(['1.1.0', '1.1.0', '1.1.0']);
    expect(await newestRelease()).toMatchObject({ state: 'rolled_back', version: '1.0.0' });
  });
});
