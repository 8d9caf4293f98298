import { Client } from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.ts';
import { until } from '../../test/harness/until.ts';
import { systemClock } from '../clock.ts';
import { createListener } from './listener.ts';

let test: TestDatabase;

beforeAll(async () => {
  test = await createTestDatabase();
});

afterAll(async () => {
  await test.drop();
});

it('takes a listener that comes in the moment when the connection is lost, and serves it by the next one', async () => {
  const made: Client[] = [];
  const connect = async () => {
    const client = new Client({ connectionString: test.url });
    await client.connect();
    made.push(client);
    return client;
  };
  const listener = createListener({ clock: systemClock, connect, pollMs: 60_000 });
  await listener.listen('first', () => {});
  cut(made[0]!);
  const heard: string[] = [];
  await listener.listen('second', (notice) => void (notice.cause === 'message' && heard.push(notice.payload)));
  const sender = await connect();
  await until('what is said is heard again', async () => {
    await sender.query(`notify second, 'here'`);
    return heard.length > 0;
  });
  expect(heard[0]).toBe('here');
  await sender.end();
  await listener.close();
});

it('listens on the connection that was opened before anybody listened, and makes no other', async () => {
  const made: Client[] = [];
  const connect = async () => {
    const client = new Client({ connectionString: test.url });
    made.push(client);
    await client.connect();
    return client;
  };
  const listener = createListener({ clock: systemClock, connect, pollMs: 60_000 });
  const heard: string[] = [];
  const hear = (notice: { cause: string }) => void heard.push(notice.cause);
  const warm = listener.warmUp();
  await listener.listen('on its way', hear);
  await warm;
  await listener.listen('there', hear);
  for (const channel of ['on its way', 'there']) await made[0]!.query(`notify "${channel}"`);
  await until('both are heard', async () => heard.filter((cause) => cause === 'message').length === 2);
  expect(made).toHaveLength(1);
  await listener.close();
});

/** The other end is gone, and nobody here has been told yet. */
function cut(client: Client): void {
  (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
}
