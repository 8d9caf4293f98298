/**
 * People's requests take turns: a crowd of them must hold up no ringing call and no webhook, which go past this line. In each
 * turn of the event loop as many are begun, in the order in which they came, as fit into a moment; then the sockets are read
 * again. The line is in front of Fastify, since thousands are read in one turn, and to make a request of each costs more than
 * to answer a call. Who has hung up is left out, and who waits too long is refused.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { App } from './app-type.ts';
import type { Clock } from '../clock.ts';
import { enterContext } from '../correlation.ts';
import { fail } from '../errors.ts';
import type { Metrics } from '../metrics.ts';

export type Pacer = {
  /** What Node.js is given to listen with, in place of `begin`, which it calls for each request when its turn has come. */
  inFrontOf(begin: RequestListener): RequestListener;
  /**
   * Refuses the scope's requests that could not wait, lets those that waited for who they are go on in turns, and counts what is
   * under way. Before any other hook that works.
   */
  pace(app: App): void;
};

export type PacerOptions = {
  clock: Clock;
  metrics: Pick<Metrics, 'requestsWaiting' | 'overloadRejections'>;
  /** Who goes past the line, by path. */
  isUrgent(url: string): boolean;
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

declare module 'node:http' {
  interface IncomingMessage {
    /** Monotonic; where it waited for its turn. */
    arrivedMs?: number;
  }
}

type Turn = { sinceMs: number; begun: number };
type Waiting = { raw: IncomingMessage; sinceMs: number; go: () => void };

/** So many are begun in each turn, however late it is: a process that the machine leaves waiting would do little but look. */
const AT_LEAST = 8;

export function createPacer(options: PacerOptions): Pacer {
  const { clock, metrics, isUrgent } = options;
  const { turnMs = 2, mostUnderWay = 512, longestWaitMs = 20_000, mostWaiting = 16_384 } = options;
  const comers = createLine<Waiting>();
  /** Who waited for the same look into the database comes back together, and comes before who is new. */
  const returners = createLine<Waiting>();
  const refused = new WeakSet<IncomingMessage>();
  let begin: RequestListener;
  let beginning: IncomingMessage | undefined;
  let underWay = 0;
  let told = 0;
  let turn: Turn | undefined;

  function enter(raw: IncomingMessage, response: ServerResponse): void {
    if (isUrgent(raw.url ?? '')) return begin(raw, response);
    const nowMs = clock.monotonicMs();
    turn ??= beginTurn(nowMs);
    if (comers.length() === 0 && hasPlace() && hasTime(turn, nowMs)) {
      turn.begun += 1;
      return start(raw, response);
    }
    if (comers.length() < mostWaiting) return comers.add({ raw, sinceMs: nowMs, go: () => start(raw, response) });
    refused.add(raw);
    start(raw, response);
  }

  function start(raw: IncomingMessage, response: ServerResponse): void {
    beginning = raw;
    begin(raw, response);
    beginning = undefined;
  }

  /** Once it is known who asks. */
  function goOn({ raw, work }: FastifyRequest, proceed: () => void): void {
    if (raw === beginning) return proceed();
    const nowMs = clock.monotonicMs();
    turn ??= beginTurn(nowMs);
    // What a few of them do is not done yet when the next of them asks, so the time says nothing here.
    if (returners.length() === 0 && turn.begun < AT_LEAST) {
      turn.begun += 1;
      return proceed();
    }
    const go = () => {
      if (raw.socket.destroyed) return;
      enterContext(work);
      proceed();
    };
    returners.add({ raw, sinceMs: nowMs, go });
  }

  function beginTurn(sinceMs: number): Turn {
    setImmediate(() => void admit());
    return { sinceMs, begun: 0 };
  }

  const hasTime = ({ begun, sinceMs }: Turn, nowMs: number) => begun < AT_LEAST || nowMs - sinceMs < turnMs;
  const hasPlace = () => underWay < mostUnderWay;
  const isLate = ({ sinceMs }: Waiting, nowMs: number) => nowMs - sinceMs > longestWaitMs;

  /** The line whose first may go; who will take no place needs none. */
  function nextLine(nowMs: number): Line<Waiting> | undefined {
    if (returners.length() > 0) return returners;
    const first = comers.first();
    if (first === undefined) return undefined;
    return hasPlace() || isLate(first, nowMs) || first.raw.socket.destroyed ? comers : undefined;
  }

  /** After the sockets were read: who waits comes before who is read next. */
  async function admit(): Promise<void> {
    let nowMs = clock.monotonicMs();
    const present = (turn = { sinceMs: nowMs, begun: 0 });
    let line = nextLine(nowMs);
    for (; line !== undefined && hasTime(present, nowMs); line = nextLine(nowMs)) {
      const first = line.take();
      present.begun += 1;
      if (line === comers) {
        first.raw.arrivedMs = first.sinceMs;
        if (isLate(first, nowMs)) refused.add(first.raw);
      }
      first.go();
      // What a request does at once is part of the turn.
      await Promise.resolve();
      nowMs = clock.monotonicMs();
    }
    turn = line === undefined ? undefined : beginTurn(nowMs);
    const waiting = comers.length() + returners.length();
    if (told !== waiting) metrics.requestsWaiting.set((told = waiting));
  }

  /** Not before all of it is there: who sends slowly, or never ends, takes nobody's place. */
  function count(request: FastifyRequest, reply: FastifyReply): void {
    if (request.routeOptions.config.isEndless === true || request.raw.socket.destroyed) return;
    underWay += 1;
    reply.raw.once('close', () => {
      underWay -= 1;
      if (comers.length() > 0) turn ??= beginTurn(clock.monotonicMs());
    });
  }

  /** Only now, so that the refusal has its id, its line and its headers. */
  function mayGoOn(request: FastifyRequest): Error | undefined {
    if (!refused.has(request.raw)) return undefined;
    metrics.overloadRejections.inc();
    const detail = 'AVA has more to do at the moment than it can.';
    return fail('overloaded', detail, { retryAfterSeconds: RETRY_SECONDS });
  }

  return {
    inFrontOf(listener) {
      begin = listener;
      return enter;
    },
    pace(app) {
      app.addHook('onRequest', (request, _reply, done) => done(mayGoOn(request)));
      app.addHook('preParsing', (request, _reply, payload, done) => goOn(request, () => done(null, payload)));
      app.addHook('preHandler', (request, reply, done) => {
        count(request, reply);
        done();
      });
    },
  };
}

const RETRY_SECONDS = 2;

type Line<T> = ReturnType<typeof createLine<T>>;

/** First come, first served; leaving it costs the same however many wait. */
function createLine<T>() {
  let items: T[] = [];
  let first = 0;
  return {
    length: () => items.length - first,
    add: (item: T) => void items.push(item),
    first: (): T | undefined => items[first],
    /** Of a line that somebody stands in. */
    take(): T {
      const one = items[first]!;
      first += 1;
      if (first >= items.length || first >= LONGEST_GONE) {
        items = items.slice(first);
        first = 0;
      }
      return one;
    },
  };
}

/** What has left is let go of in batches of so many. */
const LONGEST_GONE = 1_024;
