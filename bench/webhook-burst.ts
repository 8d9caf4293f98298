/** P06: 5,000 webhooks at once, and some questions of Vapi in their middle. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { printResult } from '../test/harness/result.ts';
import type { Measured } from './process.ts';
import { message, type Post } from './webhook-driver.ts';

const BURST = 5_000;
const ASKED = 5;

type Asker = { ask(): Promise<number[]> };

export async function measureBurst(order: { server: Measured; post: Post; databaseUrl: string }): Promise<void> {
  const { server, post, databaseUrl } = order;
  // From a process of its own: a vendor's question does not wait in the driver behind its news.
  const bodies = Array.from({ length: ASKED }, (_, index) => message(20_000_000 + index, 'assistant-request'));
  const asker = await startAsker({ url: server.url, secret: server.whole, bodies });
  const before = await countEvents(databaseUrl);
  const startedMs = performance.now();
  const requests = Array.from({ length: BURST }, (_, index) => post(message(10_000_000 + index)));
  const asking = asker.ask();
  const all = Promise.all(requests).then(() => performance.now());
  const worst = Math.max(...(await asking));
  const lastMs = await all;
  const seconds = (lastMs - startedMs) / 1000;
  const lost = BURST + ASKED - ((await countEvents(databaseUrl)) - before);
  printResult({
    id: 'P06',
    value: `${seconds.toFixed(1)} s; ${lost}; ${Math.round(worst)} ms`,
    unit: 'last ack; lost; worst assistant-request',
    goal: '3; 0; 500',
    floor: '12; 0; 5000',
    pass: seconds <= 12 && lost === 0 && worst <= 5_000,
    n: BURST,
  });
}

async function startAsker(order: { url: string; secret: string; bodies: string[] }): Promise<Asker> {
  const child = fork(fileURLToPath(new URL('servers/asker.ts', import.meta.url)), {
    env: { ...process.env, ASK: JSON.stringify(order) },
  });
  await once(child, 'message');
  return {
    async ask() {
      child.send('now');
      const [{ times }] = (await once(child, 'message')) as [{ times: number[] }];
      child.disconnect();
      return times;
    },
  };
}

async function countEvents(databaseUrl: string): Promise<number> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  const { rows } = await client.query<{ n: string }>('select count(*) as n from webhook_events');
  await client.end();
  return Number(rows[0]!.n);
}
