/** That passwords are proved to a real PostgreSQL in AVA's way: rightly, and without deriving their key again. */
import { Client } from 'pg';
import driver from 'pg/lib/crypto/utils.js';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.ts';
import { proveQuickly } from './scram.ts';

const NAME = `scram_${process.pid}`;

let test: TestDatabase;
let owner: Client;

beforeAll(async () => {
  proveQuickly();
  test = await createTestDatabase();
  owner = new Client(test.url);
  await owner.connect();
  await owner.query("set password_encryption = 'scram-sha-256'");
  await owner.query(`create role ${NAME} login password 'første pass word'`);
});

afterAll(async () => {
  await owner?.query(`drop role if exists ${NAME}`);
  await owner?.end();
  await test?.drop();
});

async function enter(password: string): Promise<string> {
  const url = new URL(test.url);
  url.username = NAME;
  url.password = encodeURIComponent(password);
  const client = new Client(url.href);
  try {
    await client.connect();
    return 'let in';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  } finally {
    await client.end().catch(() => {});
  }
}

const WRONG_PASSWORD = '28P01';

it('lets in who knows the password, again and again, and nobody else', async () => {
  expect(await enter('første pass word')).toBe('let in');
  expect(await enter('første pass word')).toBe('let in');
  expect(await enter('another')).toBe(WRONG_PASSWORD);
});

it('follows a password that was changed', async () => {
  await owner.query(`alter role ${NAME} password 'the next one'`);
  expect(await enter('the next one')).toBe('let in');
  expect(await enter('første pass word')).toBe(WRONG_PASSWORD);
});

it('derives a key once for each password, salt and number of rounds, and keeps some', async () => {
  const derive = driver.deriveKey as (password: string, salt: Uint8Array, rounds: number) => Promise<Uint8Array>;
  const key = derive('one', Buffer.from('salt'), 2);
  expect(derive('one', Buffer.from('salt'), 2)).toBe(key);
  const others = [
    derive('two', Buffer.from('salt'), 2),
    derive('one', Buffer.from('tlas'), 2),
    derive('one', Buffer.from('salt'), 3),
  ];
  const texts = (await Promise.all([key, ...others])).map((one) => Buffer.from(one).toString('hex'));
  expect(new Set(texts).size).toBe(4);
  for (let round = 4; round < 40; round += 1) await derive('one', Buffer.from('salt'), round);
  expect(derive('one', Buffer.from('salt'), 2)).not.toBe(key);
});
