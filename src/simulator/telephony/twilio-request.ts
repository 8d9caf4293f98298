import type { Clock } from '../../clock.ts';
import type { Account } from '../twilio/account.ts';
import type { Random } from '../random.ts';
import type { HttpAnswer, HttpSender } from './http-request.ts';
import { type Overrides, overridesOf } from './overrides.ts';
import { signRequest, withoutFragment } from './signature.ts';

export type TwilioOrder = {
  account: Account;
  url: string;
  method?: string;
  params: Record<string, string>;
};

/** What came of one event: an answer with a 2xx, or Twilio's error code for it. */
export type TwilioAnswer =
  | { ok: true; url: string; status: number; contentType: string; body: string }
  | { ok: false; code: number; message: string; status?: number };

export type TwilioRequests = { send(order: TwilioOrder): Promise<TwilioAnswer> };

const MAX_REDIRECTS = 10;
const USER_AGENT = 'TwilioProxy/1.1';

/**
 * Sends a webhook as Twilio does: signed, within 15 seconds over all attempts, with the retries that the address asks
 * for. All attempts of one event carry the same `I-Twilio-Idempotency-Token`.
 */
export function createTwilioRequests(parts: { http: HttpSender; wire: Clock; random: Random }): TwilioRequests {
  return {
    async send(order) {
      const overrides = overridesOf(order.url);
      if (!overrides) return { ok: false, code: 11243, message: 'The retry policy in the address is not valid' };
      return await sendWithRetries({ ...parts, order, overrides, token: parts.random.uuid() });
    },
  };
}

type Attempt = {
  http: HttpSender;
  wire: Clock;
  order: TwilioOrder;
  overrides: Overrides;
  token: string;
};

async function sendWithRetries(attempt: Attempt): Promise<TwilioAnswer> {
  const { overrides, wire, order } = attempt;
  const startMs = wire.monotonicMs();
  for (let tries = 0; ; tries++) {
    const leftMs = overrides.totalTimeoutMs - (wire.monotonicMs() - startMs);
    const answer = await sendOnce(attempt, { leftMs, url: withoutFragment(order.url), hops: 0 });
    const reason = failureOf(answer);
    if (!reason) return toAnswer(order.url, answer);
    const isOver = tries >= overrides.retries || wire.monotonicMs() - startMs >= overrides.totalTimeoutMs;
    if (isOver || !overrides.retryOn.has(reason)) return toAnswer(order.url, answer);
  }
}

type Hop = { leftMs: number; url: string; hops: number };
type Got = HttpAnswer | { ok: false; failure: 'redirects'; message: string };

async function sendOnce(attempt: Attempt, { leftMs, url, hops }: Hop): Promise<Got> {
  const { http, wire, order, overrides } = attempt;
  const startMs = wire.monotonicMs();
  const isGet = hops > 0 || order.method === 'GET';
  const target = isGet ? withQuery(url, order.params) : url;
  const answer = await http.send({
    url: target,
    method: isGet ? 'GET' : 'POST',
    headers: headersOf(attempt, target, isGet),
    connectTimeoutMs: Math.min(overrides.connectTimeoutMs, leftMs),
    readTimeoutMs: Math.min(overrides.readTimeoutMs, leftMs),
    ...(!isGet && { body: new URLSearchParams(order.params).toString() }),
  });
  const location = answer.ok && answer.status >= 300 && answer.status < 400 ? answer.headers.location : undefined;
  if (!location) return answer;
  if (hops >= MAX_REDIRECTS) return { ok: false, failure: 'redirects', message: 'Too many redirects' };
  const next = new URL(location, url).toString();
  return await sendOnce(attempt, { leftMs: leftMs - (wire.monotonicMs() - startMs), url: next, hops: hops + 1 });
}

function headersOf({ order, token }: Attempt, url: string, isGet: boolean): Record<string, string> {
  const signature = signRequest(order.account.authToken, url, isGet ? {} : order.params);
  return {
    'user-agent': USER_AGENT,
    accept: '*/*',
    'x-twilio-signature': signature,
    'i-twilio-idempotency-token': token,
    ...(!isGet && { 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8' }),
  };
}

function failureOf(answer: Got): 'ct' | 'rt' | '4xx' | '5xx' | undefined {
  if (!answer.ok) return answer.failure === 'redirects' ? undefined : answer.failure;
  if (answer.status >= 500) return '5xx';
  return answer.status >= 400 ? '4xx' : undefined;
}

function toAnswer(url: string, answer: Got): TwilioAnswer {
  if (!answer.ok) {
    const code = { ct: 11205, rt: 11200, redirects: 11215 }[answer.failure];
    return { ok: false, code, message: answer.message };
  }
  const { status, headers, body } = answer;
  if (status < 200 || status >= 300) return { ok: false, code: 11200, message: `Got status ${status}`, status };
  return { ok: true, url, status, contentType: (headers['content-type'] ?? '').split(';')[0]?.trim() ?? '', body };
}

function withQuery(url: string, params: Record<string, string>): string {
  const full = new URL(url);
  for (const [name, value] of Object.entries(params)) full.searchParams.append(name, value);
  return full.toString();
}
