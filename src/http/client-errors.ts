/** Requests that are not HTTP enough to reach a route: still an id, a problem document, a log-free quick answer. */
import type { Socket } from 'node:net';
import { newCorrelationId } from '../correlation.ts';
import { GENERAL_ERRORS } from '../errors.ts';
import { problemDocument } from './problem-document.ts';

const ANSWERS: Record<string, keyof typeof GENERAL_ERRORS> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
};

/** So long the other side may take to read the answer and to hang up. */
const LEAVE_MS = 1_000;

/** Fastify's clientErrorHandler: answers and cuts the connection. */
export function answerClientErrors(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const code = ANSWERS[error.code ?? ''] ?? 'bad_request';
  const kind = GENERAL_ERRORS[code];
  const id = newCorrelationId();
  const body = JSON.stringify(
    problemDocument({
      code,
      status: kind.status,
      title: kind.title,
      detail: 'The request could not be read as HTTP.',
      correlationId: id,
    }),
  );
  socket.end(
    `HTTP/1.1 ${kind.status} ${kind.title}\r\nX-Correlation-ID: ${id}\r\nContent-Type: application/problem+json; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
  // At once, the answer could get lost with what the other side still sends; and one that never hangs up must not stay.
  setTimeout(() => socket.destroy(), LEAVE_MS).unref();
}
