/** What nodemailer's errors mean, so that circuits and retries treat SMTP like any other upstream. */
import { UpstreamError, type ErrorKind } from '../../resilience/upstream-error.ts';
import { cleanMessage } from '../vendor-message.ts';

type SmtpFailure = Error & { code?: string; command?: string; responseCode?: number };

/** The `UpstreamError` for what `sendMail` threw; anything that is not about the wire or the server is returned as it is. */
export function smtpError(thrown: unknown): unknown {
  if (!(thrown instanceof Error)) return thrown;
  const { code = '', command, responseCode, message } = thrown as SmtpFailure;
  const kind = kindOf(code, command, responseCode);
  if (kind === undefined) return thrown;
  // Before the dialogue begins nothing can have been sent.
  const connected = command !== 'CONN';
  const said = responseCode === undefined ? `the connection failed (${code})` : `it answered ${responseCode}`;
  const detail = kind === 'invalid' ? `${said}: ${cleanMessage(message, [])}` : said;
  return new UpstreamError({ kind, upstream: 'email', connected, status: responseCode, detail });
}

function kindOf(code: string, command: string | undefined, status: number | undefined): ErrorKind | undefined {
  if (code === 'EAUTH' || code === 'ENOAUTH' || code === 'EOAUTH2') return 'auth';
  if (code === 'EABORT') return 'timeout';
  if (status !== undefined) return kindOfReply(status, command);
  if (code === 'ETIMEDOUT') return 'timeout';
  if (NETWORK.has(code)) return 'network';
  return REFUSED.has(code) ? 'invalid' : undefined;
}

function kindOfReply(status: number, command: string | undefined): ErrorKind {
  if (status >= 500) return 'invalid';
  // "Try later" to one recipient, as greylisting says it, is no word about the server.
  const isAboutRecipient = /^(RCPT|MAIL)/i.test(command ?? '') && status !== 421;
  return isAboutRecipient ? 'conflict' : 'upstream';
}

const NETWORK = new Set([
  'ECONNECTION',
  'ESOCKET',
  'EDNS',
  'ETLS',
  'EREQUIRETLS',
  'EPROTOCOL',
  'EPROXY',
  'ECONNREFUSED',
]);
const REFUSED = new Set(['EENVELOPE', 'EMESSAGE', 'EMAXRECIPIENTS', 'EMAXLIMIT']);
