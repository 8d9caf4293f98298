/** Vapi as the benches play it: messages of 1.5 KB from so many clients, each with one under way. */
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { type Dispatcher, request } from 'undici';

export type Post = (body: string) => Promise<number>;

/** Resolves to how long the answer took, in milliseconds. */
export function poster(url: string, secret: string, dispatcher: Dispatcher): Post {
  return async (body) => {
    const startedMs = performance.now();
    const answer = await request(`${url}/webhooks/vapi`, {
      method: 'POST',
      dispatcher,
      headers: { 'content-type': 'application/json', 'x-vapi-secret': secret },
      body,
    });
    await answer.body.dump();
    if (answer.statusCode >= 300) throw new Error(`answered ${answer.statusCode}`);
    return performance.now() - startedMs;
  };
}

export function message(index: number, type = 'status-update'): string {
  const id = `00000000-0000-4000-8000-${String(Math.floor(index / 8)).padStart(12, '0')}`;
  return JSON.stringify({
    message: {
      type,
      status: 'in-progress',
      timestamp: 1_767_225_605_123 + index,
      call: { id, type: 'inboundPhoneCall' },
      padding: 'x'.repeat(1_200),
    },
  });
}

export type Timed = { times: number[]; perSecond: number };

export async function timed(
  ms: number,
  clients: number,
  act: () => Promise<number>,
  perSecond = Infinity,
): Promise<Timed> {
  const times: number[] = [];
  let begun = 0;
  const startedMs = performance.now();
  const worker = async () => {
    while (performance.now() - startedMs < ms) {
      const dueMs = (begun++ / perSecond) * 1000;
      const aheadMs = dueMs - (performance.now() - startedMs);
      if (aheadMs > 0) await pause(aheadMs);
      times.push(await act());
    }
  };
  await Promise.all(Array.from({ length: clients }, worker));
  return { times, perSecond: times.length / ((performance.now() - startedMs) / 1000) };
}

export async function atOnce(clients: number, count: number, act: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await act(next++);
  };
  await Promise.all(Array.from({ length: clients }, worker));
}

/** What a plain client does: one connection, one insert of the same size, one commit; as many at once. */
export async function insertOneByOne(url: string, clients: number, ms: number): Promise<Timed> {
  const idle = await Promise.all(
    Array.from({ length: clients }, async () => {
      const client = new Client({ connectionString: url });
      await client.connect();
      return client;
    }),
  );
  await idle[0]!.query('create table plain (id bigint generated always as identity primary key, body text)');
  const body = message(1);
  const done = await timed(ms, clients, async () => {
    // Each connection has one statement under way, as pgbench does it: what waits in a driver's own line is no commit.
    const client = idle.pop()!;
    await client.query('insert into plain (body) values ($1)', [body]);
    idle.push(client);
    return 0;
  });
  await idle[0]!.query('drop table plain');
  await Promise.all(idle.map((client) => client.end()));
  return done;
}
