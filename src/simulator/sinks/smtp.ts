import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { delayOf } from '../damage.ts';
import type { ActiveFault } from '../faults.ts';
import type { Listener } from '../listener.ts';
import { wait } from '../time.ts';
import type { World } from '../world.ts';
import { partsOf } from './mail-parts.ts';

export type Mail = {
  at: string;
  from: string;
  to: string[];
  subject: string;
  messageId: string;
  headers: Record<string, string>;
  /** The message as it came over the line, headers and all. */
  raw: string;
  /** What the person reads: the line's foldings and encoding undone. Empty where there is no such part. */
  text: string;
  html: string;
};
export type Mailbox = {
  mails: Mail[];
  open(given: { host: string; port: number }): Promise<Listener>;
};

/** A mail server that takes every mail and delivers none. It offers no TLS, and accepts any login. */
export function createMailbox(world: World): Mailbox {
  const mails: Mail[] = [];
  return { mails, open: (given) => openDoor(world, mails, given) };
}

type Address = { host: string; port: number };

async function openDoor(world: World, mails: Mail[], { host, port }: Address): Promise<Listener> {
  let server: SMTPServer | undefined;
  let boundPort = port;
  const open = async () => {
    if (server) return;
    server = makeServer(world, mails);
    boundPort = await listen(server, { host, port: boundPort });
  };
  const refuse = async () => {
    const closing = server;
    server = undefined;
    if (closing) await new Promise<void>((resolve) => closing.close(() => resolve()));
  };
  await open();
  return { url: `smtp://${host}:${boundPort}`, open, refuse, close: refuse };
}

function makeServer(world: World, mails: Mail[]): SMTPServer {
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    disableReverseLookup: true,
    closeTimeout: 100,
    onAuth: (auth, _session, done) => done(null, { user: auth.username ?? 'anyone' }),
    onConnect: (_session, done) => void meetFault(world, 'CONNECT', done),
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const envelope = {
          from: session.envelope.mailFrom ? session.envelope.mailFrom.address : '',
          to: session.envelope.rcptTo.map((recipient) => recipient.address),
        };
        const raw = Buffer.concat(chunks).toString();
        void meetFault(world, 'DATA', (error) => {
          if (!error) mails.push(makeMail(world, { ...envelope, raw }));
          done(error);
        });
      });
    },
  });
  server.on('error', () => {});
  return server;
}

function makeMail(world: World, given: { from: string; to: string[]; raw: string }): Mail {
  const headers = headersOf(given.raw);
  return {
    ...given,
    ...partsOf(given.raw),
    at: world.time.story.now().toISOString(),
    subject: headers.subject ?? '',
    messageId: headers['message-id'] ?? '',
    headers,
  };
}

type Done = (error: (Error & { responseCode: number }) | null) => void;

/** Faults of mail: a delay, a connection that never answers, or an SMTP status such as 421 or 550. */
async function meetFault(world: World, method: string, done: Done): Promise<void> {
  const fault = world.faults.meet({ vendor: 'smtp', method, path: '/', credential: '' });
  const base = { at: world.time.story.now().toISOString(), vendor: 'smtp' as const, method, path: '/', query: {} };
  world.ledger.add({ ...base, headers: {}, ...(fault && { fault: fault.kind }) });
  if (!fault) return done(null);
  if (fault.kind === 'hang') return;
  const delayMs = delayOf(fault, world.random);
  await wait(world.time.wire, delayMs ?? 0);
  done(delayMs === undefined ? refusal(fault) : null);
}

function refusal(fault: ActiveFault): Error & { responseCode: number } {
  const responseCode = fault.kind === 'status' && (fault.status ?? 0) >= 400 ? (fault.status ?? 421) : 421;
  return Object.assign(new Error('Service not available, try again later'), { responseCode });
}

function headersOf(raw: string): Record<string, string> {
  const head = raw.split(/\r?\n\r?\n/, 1)[0] ?? '';
  const lines = head.replaceAll(/\r?\n[ \t]+/g, ' ').split(/\r?\n/);
  const entries = lines.map((line) => {
    const at = line.indexOf(':');
    return [line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()] as const;
  });
  return Object.fromEntries(entries);
}

function listen(server: SMTPServer, { host, port }: Address): Promise<number> {
  return new Promise((resolve, reject) => {
    server.server.once('error', reject);
    server.listen(port, host, () => resolve((server.server.address() as AddressInfo).port));
  });
}
