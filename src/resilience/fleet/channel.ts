/** The fleet's orders over Redis: every wait is bounded, and what comes back is read into records. */
import { createHash, randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Clock } from '../../clock.ts';
import type { FleetOrder, FleetRecord, FleetReply, FleetSettings } from './protocol.ts';
import { BEAT, DECIDE } from './script.ts';

/** What Redis says about circuits, on its own clock; `born` names its memory, so that one that lost everything is noticed. */
export type FleetNews = { born: string; nowMs: number; records: readonly { name: string; record: FleetRecord }[] };

export type Channel = {
  /** Gives one order about the circuit `name`; rejects when there is no answer in time. */
  order(name: string, order: Sent, settings: FleetSettings): Promise<{ reply: FleetReply; news: FleetNews }>;
  /** Says that this replica lives, and asks how every circuit stands. */
  beat(): Promise<FleetNews>;
  /** Hears of changes at once; what is missed comes with the next beat. */
  listen(hear: (news: FleetNews) => void): void;
  close(): void;
};

/** How many replicas live is counted by Redis itself. */
export type Sent = DistributedOmit<FleetOrder, 'liveReplicas'>;
type DistributedOmit<T, K extends string> = T extends unknown ? Omit<T, K> : never;

export type ChannelOptions = {
  redis: Redis;
  clock: Clock;
  replica: string;
  /** How long Redis may take to answer, in milliseconds. */
  waitMs: number;
  /** A replica that has not been heard of for this long does not count. */
  lifeMs: number;
  prefix?: string;
};

export function createChannel({ redis, clock, replica, waitMs, lifeMs, prefix = 'ava' }: ChannelOptions): Channel {
  // One slot of a cluster, since a script may touch no other.
  const root = `${prefix}:{breaker}`;
  const [fences, live, names, born] = ['fences', 'live', 'names', 'born'].map((part) => `${root}:${part}`) as [
    string,
    string,
    string,
    string,
  ];
  const recordPrefix = `${root}:of:`;
  const listener = redis.duplicate({ enableOfflineQueue: true, maxRetriesPerRequest: null });
  listener.on('error', () => {});

  /** Redis's clock less ours, as near as any answer has shown. */
  let aheadMs: number | undefined;

  const run = (script: string, keys: string[], args: (string | number)[]) =>
    within(clock, waitMs, () => evaluate(redis, script, keys, args));

  return {
    async order(name, order, settings) {
      const keys = [`${recordPrefix}${name}`, fences, live, names, born];
      const untilMs = aheadMs === undefined ? '' : Math.ceil(clock.monotonicMs() + aheadMs + waitMs);
      const args = [name, JSON.stringify(order), JSON.stringify(settings), lifeMs, root, '', untilMs];
      const [reply, text, now] = (await run(DECIDE, keys, args)) as [string | number, string, string];
      if (reply === 'late') {
        // Perhaps somebody set its clock; the next beat measures anew.
        aheadMs = undefined;
        throw new Error('the order reached Redis too late');
      }
      const record = JSON.parse(text) as FleetRecord;
      return {
        reply: typeof reply === 'number' ? { leased: reply } : (reply as FleetReply),
        news: { born: '', nowMs: Number(now), records: [{ name, record }] },
      };
    },
    async beat() {
      const answer = await run(BEAT, [live, names, born], [replica, lifeMs, randomUUID(), recordPrefix]);
      const news = readNews(answer as string);
      aheadMs = Math.max(aheadMs ?? -Infinity, news.nowMs - clock.monotonicMs());
      return news;
    },
    listen(hear) {
      listener.on('message', (_channel, text) => hear(readNews(text)));
      listener.subscribe(root).catch(() => {});
    },
    close: () => listener.disconnect(),
  };
}

function readNews(text: string): FleetNews {
  const { born, nowMs, records = [] } = JSON.parse(text) as Partial<FleetNews> & { born: string; nowMs: number };
  return { born, nowMs, records };
}

const shaOf = new Map([DECIDE, BEAT].map((script) => [script, createHash('sha1').update(script).digest('hex')]));

async function evaluate(redis: Redis, script: string, keys: string[], args: (string | number)[]): Promise<unknown> {
  try {
    return await redis.evalsha(shaOf.get(script)!, keys.length, ...keys, ...args);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
    return redis.eval(script, keys.length, ...keys, ...args);
  }
}

/** When the time is over the sockets are read once more, since a stall of this process is not Redis's fault. */
function within<T>(clock: Clock, waitMs: number, ask: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(new Error(`no answer within ${waitMs} ms`));
    const stopTimer = clock.setTimer(waitMs, () => setImmediate(giveUp));
    ask().then(resolve, reject).finally(stopTimer);
  });
}
