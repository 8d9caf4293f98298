/** LISTEN on a connection of its own that comes back by itself; what is missed meanwhile is caught up by polling. */
import type { Client } from 'pg';
import type { Clock } from '../clock.ts';

/** Why a listener is called: a message came; or some may have been missed, so look for yourself. */
export type Notice = { cause: 'message'; payload: string } | { cause: 'reconnect' | 'poll' };

export type NoticeHandler = (notice: Notice) => void;

export type ListenerOptions = {
  clock: Clock;
  connect: () => Promise<Client>;
  /** How often listeners are called without a message, in case one was lost. */
  pollMs: number;
};

export type Listener = {
  /** Opens the connection before anybody listens; never rejects. */
  warmUp(): Promise<void>;
  listen(channel: string, handler: NoticeHandler): Promise<() => Promise<void>>;
  close(): Promise<void>;
};

export function createListener(options: ListenerOptions): Listener {
  const state: State = {
    options,
    handlers: new Map(),
    client: undefined,
    asked: Promise.resolve(),
    isClosed: false,
    cancelPoll: undefined,
  };
  let opening: Promise<void> | undefined;
  const warmUp = () => (opening ??= open(state, FIRST_WAIT_MS));
  return {
    warmUp,
    async listen(channel, handler) {
      const known = state.handlers.get(channel) ?? new Set();
      state.handlers.set(channel, known.add(handler));
      if (!state.cancelPoll) poll(state);
      const opened = warmUp();
      if (state.client) await subscribeOrRenew(state, state.client, channel);
      else await opened;
      return () => unsubscribe(state, channel, handler);
    },
    async close() {
      state.isClosed = true;
      state.cancelPoll?.();
      await state.client?.end().catch(() => {});
    },
  };
}

const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5_000;

type State = {
  options: ListenerOptions;
  handlers: Map<string, Set<NoticeHandler>>;
  client: Client | undefined;
  /** The last statement on the connection: it takes one at a time. */
  asked: Promise<unknown>;
  isClosed: boolean;
  cancelPoll: (() => void) | undefined;
};

// A database that is away delays nothing: the first try is awaited, the others go on behind while polling serves.
async function open(state: State, waitMs: number): Promise<void> {
  if (state.isClosed) return;
  try {
    const client = await state.options.connect();
    client.on('notification', ({ channel, payload }) =>
      tell(state, channel, { cause: 'message', payload: payload ?? '' }),
    );
    client.once('end', () => {
      state.client = undefined;
      retry(state, FIRST_WAIT_MS);
    });
    client.on('error', () => {});
    for (const channel of state.handlers.keys()) await subscribe(state, client, channel);
    state.client = client;
    for (const channel of state.handlers.keys()) tell(state, channel, { cause: 'reconnect' });
    if (state.isClosed) await client.end().catch(() => {});
  } catch {
    retry(state, waitMs);
  }
}

function retry(state: State, waitMs: number): void {
  if (state.isClosed) return;
  state.options.clock.setTimer(waitMs, () => void open(state, Math.min(waitMs * 2, LONGEST_WAIT_MS)));
}

function poll(state: State): void {
  state.cancelPoll = state.options.clock.setTimer(state.options.pollMs, () => {
    if (state.isClosed) return;
    for (const channel of state.handlers.keys()) tell(state, channel, { cause: 'poll' });
    // A connection whose other end has vanished says nothing; asked, it fails, ends, and is made anew.
    const { client } = state;
    if (client) ask(state, client, 'select').catch(() => client.end().catch(() => {}));
    poll(state);
  });
}

function tell(state: State, channel: string, notice: Notice): void {
  for (const handler of state.handlers.get(channel) ?? []) handler(notice);
}

// Whoever begins to listen in the moment when the connection is lost is served by the next one: it subscribes to all that is known.
async function subscribeOrRenew(state: State, client: Client, channel: string): Promise<void> {
  await subscribe(state, client, channel).catch(() => client.end().catch(() => {}));
}

async function subscribe(state: State, client: Client, channel: string): Promise<void> {
  await ask(state, client, `listen ${client.escapeIdentifier(channel)}`);
}

async function unsubscribe(state: State, channel: string, handler: NoticeHandler): Promise<void> {
  const handlers = state.handlers.get(channel);
  handlers?.delete(handler);
  if (!handlers || handlers.size > 0) return;
  state.handlers.delete(channel);
  const { client } = state;
  if (client) await ask(state, client, `unlisten ${client.escapeIdentifier(channel)}`).catch(() => {});
}

function ask(state: State, client: Client, statement: string): Promise<unknown> {
  const answer = state.asked.then(() => client.query(statement));
  state.asked = answer.catch(() => {});
  return answer;
}
