/** Asks the server that is verified, as any client would, and keeps what was asked and answered as evidence. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Evidence } from '../../features/releases/contract.ts';

/** What any signed-in user may read; most checks ask it. */
export const SETTINGS = '/api/v1/vapi/settings';

export type Answer = { status: number; headers: Headers; text: string; json: any; durationMs: number };

export type AskOptions = {
  token?: string | undefined;
  body?: unknown;
  headers?: Record<string, string>;
  /** Answer 429 as it is, instead of waiting once for as long as it says. */
  isLimitWanted?: boolean;
};

export type Probe = {
  ask(method: string, path: string, options?: AskOptions): Promise<Answer>;
  /** What was seen since the last call: the first exchanges and the last ones, since the last ones decide. */
  takeEvidence(): Evidence[];
};

/** The server cannot be reached at all, or not in time. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}

const TIMEOUT_MS = 15_000;
const LONGEST_WAIT_MS = 61_000;

export function createProbe(baseUrl: string): Probe {
  const base = baseUrl.replace(/\/$/, '');
  let evidence: Evidence[] = [];

  async function exchange(method: string, path: string, options: AskOptions): Promise<Answer> {
    const started = performance.now();
    const headers: Record<string, string> = { accept: 'application/json', ...options.headers };
    if (options.token !== undefined) headers['authorization'] = `Bearer ${options.token}`;
    if (options.body !== undefined) headers['content-type'] = 'application/json';
    const body = options.body === undefined ? {} : { body: JSON.stringify(options.body) };
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    try {
      const response = await fetch(`${base}${path}`, { method, headers, redirect: 'manual', signal, ...body });
      const text = await response.text();
      const durationMs = performance.now() - started;
      evidence.push(exchangeEvidence({ method, path, headers, options, response, text, durationMs }));
      return { status: response.status, headers: response.headers, text, json: parsed(text), durationMs };
    } catch (error) {
      throw new Unreachable(`${method} ${path}: ${reasonOf(error)}`, { cause: error });
    }
  }

  return {
    async ask(method, path, options = {}) {
      const answer = await exchange(method, path, options);
      const seconds = Number(answer.headers.get('retry-after'));
      if (answer.status !== 429 || options.isLimitWanted || !(seconds * 1000 <= LONGEST_WAIT_MS)) return answer;
      // Somebody, perhaps an earlier run, has used this user's minute up.
      await wait(seconds * 1000 + 50);
      return exchange(method, path, options);
    },
    takeEvidence() {
      const taken = evidence;
      evidence = [];
      return taken.length <= SHOWN_FIRST + SHOWN_LAST
        ? taken
        : [...taken.slice(0, SHOWN_FIRST), ...taken.slice(-SHOWN_LAST)];
    },
  };
}

const [SHOWN_FIRST, SHOWN_LAST] = [3, 3];
const SHOWN = /^(x-correlation-id|content-type|retry-after|x-ratelimit-.*|ratelimit.*|etag)$/;

type Seen = {
  method: string;
  path: string;
  headers: Record<string, string>;
  options: AskOptions;
  response: Response;
  text: string;
  durationMs: number;
};

function exchangeEvidence({ method, path, headers, options, response, text, durationMs }: Seen): Evidence {
  const sent = Object.entries(headers)
    .filter(([name]) => name !== 'accept')
    .map(([name, value]) => `${name}: ${name === 'authorization' ? 'Bearer ***' : value}`);
  const body = options.body === undefined ? [] : [JSON.stringify(options.body)];
  const got = [...response.headers].filter(([name]) => SHOWN.test(name)).map(([name, value]) => `${name}: ${value}`);
  return {
    request: [`${method} ${path}`, ...sent, ...body].join('\n').slice(0, 2000),
    response: [`${response.status} (${Math.round(durationMs)} ms)`, ...got, shownBody(response, text)]
      .join('\n')
      .slice(0, 4000),
  };
}

/** What a person can read; of a font or a script only its size. */
function shownBody({ headers }: Response, text: string): string {
  const type = headers.get('content-type') ?? '';
  if (text === '' || /json|^text\/(html|plain)/.test(type)) return masked(text).replaceAll('\0', '').slice(0, 600);
  return `(${text.length} characters of ${type || 'no type'})`;
}

function masked(text: string): string {
  return text.replaceAll(/"(access_token|refresh_token|api_key|auth_token)":"[^"]*"/g, '"$1":"***"');
}

/** The correlation id of an answer, and which answer it was, in words. */
export function idOf(answer: Answer): { id: string; where: string } {
  return { id: answer.headers.get('x-correlation-id') ?? '', where: `a ${answer.status}` };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function reasonOf(error: unknown): string {
  const { cause, name } = error as { cause?: { code?: string; message?: string }; name?: string };
  if (name === 'TimeoutError') return `no answer within ${TIMEOUT_MS / 1000} s`;
  return cause?.code ?? cause?.message ?? (error instanceof Error ? error.message : String(error));
}
