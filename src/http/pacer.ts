/**
 * People's requests take turns: a crowd of them must hold up no ringing call and no webhook, which go past this line. In each
 * turn of the event loop as many are begun, in the order in which they came, as fit into a moment; then the sockets are read
 * again. Who has hung up is left out, and who waits too long is refused.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { App } from './app-type.ts';
import type { Clock } from '../clock.ts';
import { enterContext } from '../correlation.ts';
import { fail } from '../errors.ts';
import type { Metrics } from '../metrics.ts';

export type Pacer = {
  /** Makes every request of the scope take its turn. Before any other hook that works. */
  pace(app: App): void;
};

export type PacerOptions = {
  clock: Clock;
  metrics: Pick<Metrics, 'requestsWaiting' | 'overloadRejections'>;
  /** How much of a turn of the event loop is spent on beginning requests. */
  turnMs?: number;
  /** So many may be with their handlers; the others are better off here, where nobody works for who has hung up. */
  mostUnderWay?: number;
  longestWaitMs?: number;
  mostWaiting?: number;
};

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Its answer goes on for as long as somebody reads. */
    isEndless?: boolean;
  }
}

type Begin = (refusal?: Error) => void;
type Waiting = { request: FastifyRequest; begin: Begin; sinceMs: number };

/** So many are begun in each turn, however late it is: a process that the machine leaves waiting would do little but look. */
const AT_LEAST = 8;

export function createPacer(options: PacerOptions): Pacer {
  const { clock, metrics, turnMs = 2, mostUnderWay = 512, longestWaitMs = 20_000, mostWaiting = 16_384 } = options;
  const line = createLine<Waiting>();
  let underWay = 0;
  let told = 0;
  let turn: { sinceMs: number; begun: number } | undefined;

  function enter(request: FastifyRequest, begin: Begin): void {
    const nowMs = clock.monotonicMs();
    const present = (turn ??= beginTurn(nowMs));
    if (line.length() === 0 && hasRoom(present, nowMs)) {
      present.begun += 1;
      return begin();
    }
    if (line.length() >= mostWaiting) return refuse(begin);
    line.add({ request, begin, sinceMs: nowMs });
  }

  function beginTurn(sinceMs: number) {
    setImmediate(() => void admit());
    return { sinceMs, begun: 0 };
  }

  function hasRoom({ begun, sinceMs }: { begun: number; sinceMs: number }, nowMs: number): boolean {
    return underWay < mostUnderWay && (begun < AT_LEAST || nowMs - sinceMs < turnMs);
  }

  /** After the sockets were read: who waits comes before who is read next. */
  async function admit(): Promise<void> {
    let nowMs = clock.monotonicMs();
    const present = { sinceMs: nowMs, begun: 0 };
    for (let first = line.first(); first !== undefined; first = line.first()) {
      const isLate = nowMs - first.sinceMs > longestWaitMs;
      if (!isLate && !hasRoom(present, nowMs)) break;
      line.drop();
      if (first.request.raw.socket.destroyed) continue;
      present.begun += 1;
      enterContext(first.request.work);
      if (isLate) refuse(first.begin);
      else first.begin();
      // What a request does at once is part of the turn.
      await Promise.resolve();
      nowMs = clock.monotonicMs();
    }
    turn = line.length() > 0 && underWay < mostUnderWay ? beginTurn(nowMs) : undefined;
    if (told !== line.length()) metrics.requestsWaiting.set((told = line.length()));
  }

  /** Not before all of it is there: who sends slowly, or never ends, takes nobody's place. */
  function count(request: FastifyRequest, reply: FastifyReply): void {
    if (request.routeOptions.config.isEndless === true || request.raw.socket.destroyed) return;
    underWay += 1;
    reply.raw.once('close', () => {
      underWay -= 1;
      if (line.length() > 0) turn ??= beginTurn(clock.monotonicMs());
    });
  }

  function refuse(begin: Begin): void {
    metrics.overloadRejections.inc();
    begin(fail('overloaded', 'AVA has more to do at the moment than it can.', { retryAfterSeconds: RETRY_SECONDS }));
  }

  return {
    pace(app) {
      app.addHook('onRequest', (request, _reply, done) => enter(request, done));
      app.addHook('preHandler', (request, reply, done) => {
        count(request, reply);
        done();
      });
    },
  };
}

const RETRY_SECONDS = 2;

/** First come, first served; leaving it costs the same however many wait. */
function createLine<T>() {
  let items: T[] = [];
  let first = 0;
  return {
    length: () => items.length - first,
    add: (item: T) => void items.push(item),
    first: (): T | undefined => items[first],
    drop(): void {
      first += 1;
      if (first < items.length && first < LONGEST_GONE) return;
      items = items.slice(first);
      first = 0;
    },
  };
}

/** What has left is let go of in batches of so many. */
const LONGEST_GONE = 1_024;
