/**
 * Very many clients, from a process of their own: plain sockets, kept open, from several addresses of the loopback. Closed
 * loop: each asks again when it is answered. Open loop: requests are due at their times, whatever is answered; each takes an
 * idle connection or a new one, and is given up after its patience.
 */
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

export type CrowdOrder = {
  port: number;
  connections: number;
  /** Whole requests as text; asked in turn. */
  requests: string[];
  forMs: number;
  /** Open loop; left out: closed loop. */
  perSecond?: number;
  patienceMs: number;
};

export type CrowdReport = {
  connected: number;
  /** Of the day, when they began to ask: they are all connected by then. */
  fromMs: number;
  seconds: number;
  statuses: Record<string, number>;
  /** Of those answered 2xx. */
  timesMs: number[];
  /** Of those refused. */
  refusedMs: number[];
};

type Client = {
  socket: Socket;
  askedMs: number;
  answer: Answer;
  timer?: NodeJS.Timeout | undefined;
};
type Answer = { head: string; missing: number };

const SOURCES = 8;
const OPENING_AT_ONCE = 64;
const MOST_TIMES = 200_000;
const END_OF_HEAD = '\r\n\r\n';

process.on('message', (order: CrowdOrder) => {
  void run(order).then((report) => process.send?.(report));
});
process.send?.({ url: 'none' });

async function run(order: CrowdOrder): Promise<CrowdReport> {
  const report: CrowdReport = { connected: 0, fromMs: 0, seconds: 0, statuses: {}, timesMs: [], refusedMs: [] };
  const idle: Client[] = [];
  let isOver = false;
  let turn = 0;
  let open = 0;

  const count = (what: string) => (report.statuses[what] = (report.statuses[what] ?? 0) + 1);
  const answered = (client: Client, status: number) => {
    clearTimeout(client.timer);
    if (!isOver) note(report, status, performance.now() - client.askedMs);
    client.askedMs = 0;
    if (order.perSecond !== undefined) idle.push(client);
    else if (!isOver) ask(client, performance.now());
  };
  const ask = (client: Client, dueMs: number) => {
    client.askedMs = dueMs;
    client.answer = { head: '', missing: -1 };
    client.socket.write(order.requests[turn++ % order.requests.length]!);
    client.timer = setTimeout(() => {
      count('given up');
      client.askedMs = 0;
      client.socket.destroy();
    }, order.patienceMs);
  };
  const closed = (client: Client) => {
    open -= 1;
    clearTimeout(client.timer);
    const at = idle.indexOf(client);
    if (at >= 0) idle.splice(at, 1);
    if (isOver) return;
    if (client.askedMs > 0) count('cut');
    if (order.perSecond === undefined) void askAnew(performance.now());
  };
  const admit = async (): Promise<Client | undefined> => {
    open += 1;
    const client = await openOne(order.port, open, answered, closed);
    if (client === undefined) {
      open -= 1;
      count('not connected');
    }
    return client;
  };

  const askAnew = async (dueMs: number) => {
    const next = await admit();
    if (next === undefined) return;
    clients.push(next);
    if (isOver) next.socket.destroy();
    else ask(next, dueMs);
  };

  const clients = await openAll(order.perSecond === undefined ? order.connections : 64, admit);
  report.connected = clients.length;
  report.fromMs = Date.now();
  const startedMs = performance.now();
  if (order.perSecond === undefined) for (const client of clients) ask(client, performance.now());
  else idle.push(...clients);
  await (order.perSecond === undefined ? pause(order.forMs) : askOnTime(order.perSecond));
  report.seconds = (performance.now() - startedMs) / 1000;
  isOver = true;
  for (const client of clients) client.socket.destroy();
  for (const client of idle) client.socket.destroy();
  return report;

  async function askOnTime(perSecond: number): Promise<void> {
    for (let sent = 0; performance.now() - startedMs < order.forMs; await pause(5)) {
      for (; sent < ((performance.now() - startedMs) / 1000) * perSecond; sent += 1) {
        const dueMs = startedMs + (sent / perSecond) * 1000;
        const client = idle.pop();
        if (client !== undefined) ask(client, dueMs);
        else if (open >= order.connections) count('no connection free');
        else void askAnew(dueMs);
      }
    }
    await pause(Math.min(order.patienceMs, 2_000));
  }
}

function note(report: CrowdReport, status: number, ms: number): void {
  report.statuses[status] = (report.statuses[status] ?? 0) + 1;
  const times = status < 300 ? report.timesMs : report.refusedMs;
  if (times.length < MOST_TIMES) times.push(ms);
}

async function openAll(count: number, admit: () => Promise<Client | undefined>): Promise<Client[]> {
  const clients: Client[] = [];
  let left = count;
  const worker = async () => {
    while (left-- > 0) {
      const client = await admit();
      if (client !== undefined) clients.push(client);
    }
  };
  await Promise.all(Array.from({ length: OPENING_AT_ONCE }, worker));
  return clients;
}

function openOne(
  port: number,
  index: number,
  answered: (client: Client, status: number) => void,
  closed: (client: Client) => void,
): Promise<Client | undefined> {
  return new Promise((resolve) => {
    const socket = connect({
      port,
      host: '127.0.0.1',
      localAddress: `127.0.0.${2 + (index % SOURCES)}`,
      noDelay: true,
    });
    const client: Client = { socket, askedMs: 0, answer: { head: '', missing: -1 } };
    let isOpen = false;
    socket.once('connect', () => {
      isOpen = true;
      resolve(client);
    });
    socket.on('data', (chunk: Buffer) => {
      const status = read(client.answer, chunk);
      if (status !== undefined) answered(client, status);
    });
    socket.on('error', () => {});
    socket.on('close', () => (isOpen ? closed(client) : resolve(undefined)));
  });
}

/** The status, once all of the answer is there. */
function read(answer: Answer, chunk: Buffer): number | undefined {
  if (answer.missing < 0) {
    answer.head += chunk.toString('latin1');
    const end = answer.head.indexOf(END_OF_HEAD);
    if (end < 0) return undefined;
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(answer.head)?.[1] ?? 0);
    answer.missing = length - (answer.head.length - end - END_OF_HEAD.length);
  } else answer.missing -= chunk.length;
  return answer.missing <= 0 ? Number(answer.head.slice(9, 12)) : undefined;
}
