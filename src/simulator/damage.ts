import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../clock.ts';
import type { ActiveFault } from './faults.ts';
import type { Random } from './random.ts';

export type Damage = { fault: ActiveFault; response: ServerResponse; wire: Clock; random: Random };

/** Milliseconds that a fault holds a request back before it is answered as usual; undefined for every other kind. */
export function delayOf(fault: ActiveFault, random: Random): number | undefined {
  if (fault.kind === 'latency') return fault.ms ?? 10_000;
  if (fault.kind === 'jitter') return random.next() * (fault.ms ?? 3_000);
  return undefined;
}

/**
 * Answers in the broken way that the fault asks for, on the bare socket: node's own server would not send a false
 * Content-Length. A refusal of single requests can only be an accepted connection that closes before its first byte.
 */
export function answerBroken({ fault, response, wire }: Damage): void {
  const socket = response.socket;
  if (!socket || socket.destroyed) return;
  const json = JSON.stringify({ broken: 'x'.repeat(200) });
  switch (fault.kind) {
    case 'hang':
      return;
    case 'reset':
    case 'refused':
      socket.resetAndDestroy();
      return;
    case 'half_close':
      socket.end();
      return;
    case 'malformed_json':
      end(socket, `${head(200)}Content-Length: 9\r\n\r\n{"id": 1,`);
      return;
    case 'html':
      end(socket, `${head(200, 'text/html')}Content-Length: ${PAGE.length}\r\n\r\n${PAGE}`);
      return;
    case 'content_length_too_long':
      end(socket, `${head(200)}Content-Length: ${json.length + 500}\r\n\r\n${json}`);
      return;
    case 'content_length_too_short':
      end(socket, `${head(200)}Content-Length: ${json.length - 50}\r\n\r\n${json}`);
      return;
    case 'closed_mid_body':
      socket.write(`${head(200)}Content-Length: ${json.length}\r\n\r\n${json.slice(0, 60)}`, () => socket.destroy());
      return;
    case 'redirect_inwards':
      end(socket, `${head(302)}Location: http://169.254.169.254/latest/meta-data/\r\nContent-Length: 0\r\n\r\n`);
      return;
    case 'drip':
      socket.write(`${head(200)}Content-Length: 100000\r\n\r\n{`);
      repeat(socket, wire, 1_000, ' ');
      return;
    case 'huge_body':
      sendHuge(socket);
      return;
    case 'endless_body':
      socket.write(`${head(200)}Transfer-Encoding: chunked\r\n\r\n`);
      repeat(socket, wire, 5, `1000\r\n${' '.repeat(4096)}\r\n`);
      return;
    default:
      socket.destroy();
  }
}

const PAGE = '<!doctype html><html><head><title>Bad gateway</title></head><body>Bad gateway</body></html>';
const HUGE_BODY_BYTES = 200 * 1024 * 1024;

function head(status: number, contentType = 'application/json'): string {
  return `HTTP/1.1 ${status} ${status === 302 ? 'Found' : 'OK'}\r\nContent-Type: ${contentType}\r\nConnection: close\r\n`;
}

function end(socket: Socket, text: string): void {
  socket.end(text);
}

function repeat(socket: Socket, wire: Clock, everyMs: number, text: string): void {
  let cancel = () => {};
  const tick = () => {
    if (socket.destroyed) return;
    if (socket.writableNeedDrain) socket.once('drain', schedule);
    else socket.write(text, schedule);
  };
  const schedule = () => {
    cancel = wire.setTimer(everyMs, tick);
  };
  socket.once('close', () => cancel());
  schedule();
}

/** Valid JSON, all blanks but its braces, so that nothing but its size is wrong. */
function sendHuge(socket: Socket): void {
  const chunk = Buffer.alloc(64 * 1024, ' ');
  let left = HUGE_BODY_BYTES;
  socket.write(`${head(200)}Content-Length: ${HUGE_BODY_BYTES + 2}\r\n\r\n{`);
  const pump = () => {
    while (left > 0 && !socket.destroyed) {
      left -= chunk.length;
      if (!socket.write(chunk)) {
        socket.once('drain', pump);
        return;
      }
    }
    if (!socket.destroyed) socket.end('}');
  };
  pump();
}
