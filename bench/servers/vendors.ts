/**
 * What must be served whatever else goes on, from a process of its own: Vapi's news and ringing calls, each at its times over
 * connections that are held open, as vendors and balancers hold them.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { Agent } from 'undici';
import { twilioSignature } from '../../src/providers/twilio/signature.ts';

export type VendorsOrder = { forMs: number; perSecond: number };
export type VendorsReport = Record<'webhook' | 'ring', Answered[]>;
/** `atMs` in the time of day; `wrong` says how, where it was not served. */
export type Answered = { atMs: number; tookMs: number; wrong?: string };

type House = { url: string; secret: string; authToken: string; accountSid: string; number: string };

const house = JSON.parse(process.env['HOUSE']!) as House;
const PATIENCE_MS = 10_000;
const CONNECTIONS = 16;
const agent = new Agent({ connections: CONNECTIONS, keepAliveTimeout: 60_000, headersTimeout: PATIENCE_MS });
let made = 0;

// All are open before anybody else comes.
await Promise.all(
  Array.from({ length: CONNECTIONS }, () =>
    agent.request({ origin: house.url, path: '/healthz', method: 'GET' }).then(({ body }) => body.dump()),
  ),
);
process.on('message', (order: VendorsOrder) => {
  void act(order).then((report) => process.send?.(report));
});
process.send?.({ url: 'none' });

async function act({ forMs, perSecond }: VendorsOrder): Promise<VendorsReport> {
  const report: VendorsReport = { webhook: [], ring: [] };
  const running: Promise<void>[] = [];
  const startedMs = performance.now();
  for (let sent = 0; performance.now() - startedMs < forMs; await pause(5)) {
    for (; sent < ((performance.now() - startedMs) / 1000) * perSecond; sent += 1) {
      running.push(ask(report.webhook, webhook()), ask(report.ring, ring()));
    }
  }
  await Promise.all(running);
  return report;
}

type Ask = { path: string; headers: Record<string, string>; body: string };

async function ask(kind: Answered[], what: Ask): Promise<void> {
  const atMs = Date.now();
  const startedMs = performance.now();
  const wrong = await faultOf(what).catch(String);
  kind.push({ atMs, tookMs: performance.now() - startedMs, ...(wrong !== undefined && { wrong }) });
}

async function faultOf({ path, headers, body }: Ask): Promise<string | undefined> {
  const answer = await agent.request({ origin: house.url, path, method: 'POST', headers, body });
  const text = await answer.body.text();
  return answer.statusCode < 300 ? undefined : `${answer.statusCode} ${text.slice(0, 200)}`;
}

function webhook(): Ask {
  const id = `00000000-0000-4000-8000-${String((made += 1)).padStart(12, '0')}`;
  const call = { id, type: 'inboundPhoneCall' };
  const message = { type: 'status-update', status: 'in-progress', timestamp: Date.now(), call };
  const headers = { 'content-type': 'application/json', 'x-vapi-secret': house.secret };
  return { path: '/webhooks/vapi', headers, body: JSON.stringify({ message }) };
}

function ring(): Ask {
  const path = '/webhooks/twilio/voice';
  const CallSid = `CA${String((made += 1)).padStart(32, '0')}`;
  const params = {
    AccountSid: house.accountSid,
    CallSid,
    CallStatus: 'ringing',
    To: house.number,
    From: '+12025550123',
  };
  const signature = twilioSignature(house.authToken, `${house.url}${path}`, params);
  const headers = { 'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': signature };
  return { path, headers, body: new URLSearchParams(params).toString() };
}
