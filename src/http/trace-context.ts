/** W3C trace context of a request: the caller's own where it is valid, else a new one, made when it is asked for. https://www.w3.org/TR/trace-context/ */
import { randomFillSync } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { WorkContext } from '../correlation.ts';
import { headerValues } from './raw-headers.ts';

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const MEMBER = /^[a-z0-9][a-z0-9_\-*/@]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;
const MOST_MEMBERS = 32;

export function workOf(request: IncomingMessage, correlationId: string): WorkContext {
  const traceparent = validParent(headerValues(request, 'traceparent'));
  if (traceparent === undefined) return new UntracedWork(correlationId);
  return { correlationId, traceparent, tracestate: validState(headerValues(request, 'tracestate')) };
}

/** Most requests ask nobody else, so nobody is told their trace. */
class UntracedWork implements WorkContext {
  readonly correlationId: string;
  tracestate: undefined = undefined;
  tenant: string | undefined = undefined;
  user: string | undefined = undefined;
  #made: string | undefined = undefined;

  constructor(correlationId: string) {
    this.correlationId = correlationId;
  }

  get traceparent(): string {
    return (this.#made ??= newTraceparent());
  }

  set traceparent(known: string) {
    this.#made = known;
  }
}

function validParent(given: string[]): string | undefined {
  const match = given.length === 1 ? TRACEPARENT.exec(given[0]!.trim()) : null;
  if (match === null) return undefined;
  const [, version, trace = '', parent = '', flags = '', more] = match;
  if (version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  if (/^0+$/.test(trace) || /^0+$/.test(parent)) return undefined;
  // Of the flags only "sampled" is defined; the rest must not be passed on.
  return `00-${trace}-${parent}-0${Number.parseInt(flags, 16) & 1}`;
}

/** A list with one bad member is dropped whole. */
function validState(given: string[]): string | undefined {
  const members = given
    .join(',')
    .split(',')
    .map((member) => member.trim())
    .filter((member) => member !== '');
  const isValid = members.length <= MOST_MEMBERS && members.every((member) => MEMBER.test(member));
  return isValid && members.length > 0 ? members.join(',') : undefined;
}

function newTraceparent(): string {
  const ids = randomHex();
  return `00-${ids.slice(0, 32)}-${ids.slice(32)}-00`;
}

const IDS_BYTES = 24;
const pool = Buffer.alloc(IDS_BYTES * 256);
let used = pool.length;

/** 24 random bytes as hex. Drawn from the system for many requests at a time: one draw costs as much as the rest of a read. */
function randomHex(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += IDS_BYTES;
  return pool.toString('hex', used - IDS_BYTES, used);
}
