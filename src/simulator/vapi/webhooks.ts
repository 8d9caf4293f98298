import type { HttpSender } from '../telephony/http-request.ts';
import type { Random } from '../random.ts';
import { wait } from '../time.ts';
import type { World } from '../world.ts';
import { isObject } from './rules.ts';
import type { Org, ServerConfig } from './store.ts';
import { authHeaders } from './webhook-auth.ts';

/** What goes wrong with the webhooks of the Vapi twin on purpose. Shares run from 0 to 1. */
export type WebhookTrouble = {
  /** Share that is never sent. */
  lost?: number;
  /** Share that is sent twice. */
  repeated?: number;
  /** Each waits up to this long, so that they overtake each other. */
  delayedUpToMs?: number;
};

export type Delivery = { org: Org; server: ServerConfig | undefined; message: Record<string, unknown> };

export type Webhooks = {
  trouble(trouble: WebhookTrouble): void;
  /** Sends in the background, and again as the server's `backoffPlan` says; without a plan, once. */
  send(delivery: Delivery): void;
  /** Sends once and waits for the answer. Undefined when there is none, or none that is JSON with a 2xx. */
  ask(delivery: Delivery & { timeoutMs?: number }): Promise<Record<string, unknown> | undefined>;
};

type Parts = { world: World; http: HttpSender; random: Random; track(work: Promise<unknown>): void };

const USUAL_TIMEOUT_SECONDS = 20;

export function createWebhooks({ world, http, random, track }: Parts): Webhooks {
  let troubles: WebhookTrouble = {};
  const post = async ({ org, server, message }: Delivery, timeoutMs?: number) => {
    const body = JSON.stringify({ message });
    const headers = authHeaders({ org, server, body, now: world.time.wire.now() });
    const limitMs = timeoutMs ?? (server?.timeoutSeconds ?? USUAL_TIMEOUT_SECONDS) * 1000;
    const url = server?.url ?? '';
    const order = { url, method: 'POST', headers, body, connectTimeoutMs: limitMs, readTimeoutMs: limitMs };
    return await http.send(order);
  };

  const deliver = async (delivery: Delivery) => {
    const { delayedUpToMs = 0 } = troubles;
    if (delayedUpToMs > 0) await wait(world.time.story, random.next() * delayedUpToMs);
    const plan = delivery.server?.backoffPlan;
    for (let tries = 0; ; tries++) {
      const answer = await post(delivery);
      if (answer.ok && answer.status >= 200 && answer.status < 300) return;
      if (!plan || tries >= plan.maxRetries) return;
      if (answer.ok && plan.excludedStatusCodes?.includes(answer.status)) return;
      const factor = plan.type === 'exponential' ? 2 ** tries : 1;
      await wait(world.time.story, plan.baseDelaySeconds * 1000 * factor);
    }
  };

  return {
    trouble: (given) => void (troubles = given),
    send(delivery) {
      if (!delivery.server?.url || random.next() < (troubles.lost ?? 0)) return;
      track(deliver(delivery));
      if (random.next() < (troubles.repeated ?? 0)) track(deliver(delivery));
    },
    async ask({ timeoutMs, ...delivery }) {
      if (!delivery.server?.url) return undefined;
      const answer = await post(delivery, timeoutMs);
      if (!answer.ok || answer.status < 200 || answer.status >= 300) return undefined;
      try {
        const body: unknown = JSON.parse(answer.body);
        return isObject(body) ? body : undefined;
      } catch {
        return undefined;
      }
    },
  };
}
