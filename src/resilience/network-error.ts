/**
 * Turns what Node and undici throw when the wire fails into an `UpstreamError`. The code decides whether the request can have
 * reached the upstream: only when it certainly did not may an operation that is not repeatable be tried again.
 */
import { UpstreamError } from './upstream-error.ts';

const NEVER_CONNECTED: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ENOTFOUND: 'its host name does not resolve',
  EAI_AGAIN: 'the name service does not answer',
  EAI_FAIL: 'the name service failed',
  ENODATA: 'its host name has no address',
  EHOSTUNREACH: 'its host is not reachable',
  EHOSTDOWN: 'its host is down',
  ENETUNREACH: 'its network is not reachable',
  ENETDOWN: 'the network is down',
  EADDRNOTAVAIL: 'no local port is free for a connection',
  EMFILE: 'this process has too many open files',
  ENFILE: 'this machine has too many open files',
  UND_ERR_CONNECT_TIMEOUT: 'the connection could not be opened in time',
  CERT_HAS_EXPIRED: 'its TLS certificate has expired',
  CERT_NOT_YET_VALID: 'its TLS certificate is not valid yet',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its TLS certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'its TLS certificate chain is self-signed',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its TLS certificate cannot be verified',
  UNABLE_TO_GET_ISSUER_CERT: 'the issuer of its TLS certificate is unknown',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the issuer of its TLS certificate is unknown',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its TLS certificate is for another host',
  EPROTO: 'the TLS handshake failed',
};

const CONNECTED: Readonly<Record<string, string>> = {
  ECONNRESET: 'the connection was reset',
  ECONNABORTED: 'the connection was aborted',
  EPIPE: 'the connection was closed while sending',
  ETIMEDOUT: 'the connection timed out',
  ESOCKET: 'the connection failed',
  ECONNECTION: 'the connection failed',
  UND_ERR_SOCKET: 'the connection was closed too early',
  UND_ERR_CLOSED: 'the connection was closed',
  UND_ERR_DESTROYED: 'the connection was closed',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'the answer was shorter or longer than announced',
};

const TOO_LATE: Readonly<Record<string, string>> = {
  UND_ERR_HEADERS_TIMEOUT: 'no answer came in time',
  UND_ERR_BODY_TIMEOUT: 'the answer stopped in the middle',
};

const BROKEN_ANSWER = /^(HPE_|UND_ERR_HEADERS_OVERFLOW|UND_ERR_RES_EXCEEDED)/;
/** Stands for undici's parser errors, most of which come without a code. */
const PARSER_ERROR = 'HPE_PARSE';

/** The `UpstreamError` for a failure of the wire; undefined when `error` is something else, such as a fault in our own code. */
export function networkError(upstream: string, error: unknown): UpstreamError | undefined {
  const code = codeOf(error);
  if (code === undefined) return undefined;
  const fields = { upstream, connected: true } as const;
  if (NEVER_CONNECTED[code]) {
    return new UpstreamError({
      ...fields,
      kind: 'network',
      connected: false,
      detail: `${NEVER_CONNECTED[code]} (${code})`,
    });
  }
  if (CONNECTED[code]) return new UpstreamError({ ...fields, kind: 'network', detail: `${CONNECTED[code]} (${code})` });
  if (TOO_LATE[code]) return new UpstreamError({ ...fields, kind: 'timeout', detail: TOO_LATE[code] });
  if (BROKEN_ANSWER.test(code))
    return new UpstreamError({ ...fields, kind: 'upstream', detail: `the answer is not valid HTTP (${code})` });
  if (/^ERR_(SSL|TLS)_/.test(code)) {
    return new UpstreamError({
      ...fields,
      kind: 'network',
      connected: false,
      detail: `the TLS handshake failed (${code})`,
    });
  }
  return undefined;
}

/** The first code in the chain of causes that names a failure of the wire; an aggregate (several addresses tried) counts by its first. */
function codeOf(error: unknown): string | undefined {
  let current = error;
  for (let depth = 0; depth < 5 && current instanceof Error; depth += 1) {
    const code = (current as { code?: unknown }).code;
    if (typeof code === 'string') return code;
    if (current.name === 'HTTPParserError') return PARSER_ERROR;
    current = current instanceof AggregateError ? current.errors[0] : current.cause;
  }
  return undefined;
}
