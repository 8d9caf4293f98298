import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { randomBytes } from 'node:crypto';
import { type AccountsApp, PASSWORD, startAccountsApp } from '../../../test/harness/accounts-app.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.ts';
import { createHandClock, type HandClock } from '../../../test/harness/hand-clock.ts';
import { printResult } from '../../../test/harness/result.ts';
import { POLICIES } from './sign-in-limits.ts';

let test: TestDatabase;
let clock: HandClock;
let app: AccountsApp;
let other: AccountsApp;

beforeAll(async () => {
  test = await createTestDatabase();
  clock = createHandClock(new Date());
  const secrets = { secretKey: randomBytes(32).toString('hex') };
  const trustProxy = ['127.0.0.1'];
  app = await startAccountsApp({ database: test.database, clock, secrets, trustProxy });
  other = await startAccountsApp({ database: test.database, clock, secrets, trustProxy });
});

afterEach(async () => {
  await test.database.system.deleteFrom('sign_in_limits').execute();
});

afterAll(async () => {
  await app.close();
  await other.close();
  await test.drop();
});

type Guess = { email: string; password?: string; from?: string; cookie?: string | undefined; at?: AccountsApp };

function guess({ email, password = 'wrong horse battery', from = '203.0.113.1', cookie, at = app }: Guess) {
  const headers = { 'x-forwarded-for': from };
  return at.call('POST', '/api/v1/auth/login', { body: { email, password }, headers, cookie });
}

describe('guessing passwords', () => {
  it('takes five wrong ones from an address, then one after 1 s, 2 s, 4 s and so on, and says how long', async () => {
    const { email } = await app.person();
    const freshAddress = '198.51.100.7';
    for (let i = 0; i < POLICIES.pair.freeFailures; i += 1) {
      expect((await guess({ email, from: freshAddress })).status).toBe(401);
    }
    for (const seconds of [1, 2, 4, 8]) {
      const refused = await guess({ email, from: freshAddress });
      expect(refused).toMatchObject({ status: 429, body: { code: 'sign_in_throttled' } });
      expect(refused.headers.get('retry-after')).toBe(String(seconds));
      clock.advance(seconds * 1000);
      expect((await guess({ email, from: freshAddress })).status).toBe(401);
    }
  });

  it('says the same to who guesses at a person who does not exist', async () => {
    const email = 'nobody@example.test';
    const statuses = [];
    for (let i = 0; i < 7; i += 1) statuses.push((await guess({ email, from: '198.51.100.8' })).status);
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429]);
  });

  it('counts a hundred guesses at once on two replicas as what they are', async () => {
    const { email } = await app.person();
    const replies = await Promise.all(
      Array.from({ length: 100 }, (_, i) => guess({ email, from: '198.51.100.9', at: i % 2 === 0 ? app : other })),
    );
    expect(replies.filter((reply) => reply.status === 401)).toHaveLength(POLICIES.pair.freeFailures);
  });

  it('lets no one past the limit by changing addresses, and the owner in from a known place all the while', async () => {
    const owner = await app.person();
    const moved = '192.0.2.77';
    const known = await guess({ email: owner.email, password: PASSWORD, from: '192.0.2.1' });
    expect(known.status).toBe(200);

    let looked = 0;
    for (let i = 0; i < 60; i += 1) {
      const reply = await guess({ email: owner.email, from: `203.0.113.${i + 10}`, at: i % 2 === 0 ? app : other });
      if (reply.status === 401) looked += 1;
    }
    const lockedOut = [
      await guess({ email: owner.email, password: PASSWORD, from: '192.0.2.1' }),
      await guess({ email: owner.email, password: PASSWORD, from: moved, cookie: owner.cookie }),
    ].filter((reply) => reply.status !== 200).length;
    const beyond = looked - POLICIES.account.freeFailures;
    printResult({
      id: 'S21',
      value: `${Math.max(0, beyond)} beyond the limit, ${lockedOut} locked out`,
      unit: 'attempts, owners',
      goal: '0, 0',
      floor: '0, 0',
      pass: beyond <= 0 && lockedOut === 0,
      n: 60,
    });
    expect(beyond).toBeLessThanOrEqual(0);
    expect(lockedOut).toBe(0);
    expect((await guess({ email: owner.email, password: PASSWORD, from: '203.0.113.250' })).status).toBe(429);
  });

  it('closes an address that tries many accounts, and keeps people known there out of it', async () => {
    const neighbour = await app.person();
    const from = '198.51.100.20';
    expect((await guess({ email: neighbour.email, password: PASSWORD, from })).status).toBe(200);
    const statuses = [];
    for (let i = 0; i < 25; i += 1) statuses.push((await guess({ email: `person${i}@example.test`, from })).status);
    expect(statuses.filter((status) => status === 401)).toHaveLength(POLICIES.address.freeFailures);
    expect((await guess({ email: neighbour.email, password: PASSWORD, from })).status).toBe(200);
  });

  it('never closes a known place for longer than a minute, and a strange one for longer than a quarter of an hour', async () => {
    const owner = await app.person();
    for (const [cookie, longest] of [
      [owner.cookie, 60],
      [undefined, 900],
    ] as const) {
      let waited = 0;
      for (let i = 0; i < 22; i += 1) {
        const reply = await guess({ email: owner.email, cookie, from: '198.51.100.21' });
        if (reply.status === 401) continue;
        waited = Math.max(waited, Number(reply.headers.get('retry-after')));
        clock.advance(Number(reply.headers.get('retry-after')) * 1000);
      }
      expect(waited).toBeLessThanOrEqual(longest);
      expect(waited).toBeGreaterThan(0);
    }
    clock.advance(900_000);
    expect((await guess({ email: owner.email, password: PASSWORD, cookie: owner.cookie })).status).toBe(200);
  });

  it('forgets after an hour without failures, and removes what nobody needs after a day', async () => {
    const { email } = await app.person();
    const from = '198.51.100.22';
    for (let i = 0; i < 5; i += 1) await guess({ email, from });
    expect((await guess({ email, from })).status).toBe(429);
    clock.advance(3_600_001);
    for (let i = 0; i < 5; i += 1) expect((await guess({ email, from })).status).toBe(401);
    clock.advance(86_400_001);
    await app.accounts.tidy();
    expect(await test.database.system.selectFrom('sign_in_limits').selectAll().execute()).toEqual([]);
  });
});
