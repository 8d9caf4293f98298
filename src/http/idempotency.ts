/**
 * Idempotency-Key on POSTs that have an effect outside: the same key and request give the first answer again for
 * 24 hours; the same key with another request is refused; a repeat that arrives while the first runs is told to wait.
 * When the process that ran the first was stopped in the middle, nobody waits for it: after a while a repeat runs again
 * where the route keeps its effect from happening twice (`resumable`), and is told that nobody knows elsewhere.
 */
import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { App } from './app-type.ts';
import type { Clock } from '../clock.ts';
import type { Database } from '../db/connect.ts';
import { fail } from '../errors.ts';

declare module 'fastify' {
  interface FastifyRequest {
    idempotencyKey: string | undefined;
  }
}

const KEPT_HOURS = 24;
/** Longer than any request takes: what is older has lost its process. */
const RUNNING_MS = 120_000;
const ACCEPTED = /^[\x21-\x7e]{1,255}$/;

export function honourIdempotencyKeys(app: App, { db, clock }: { db: Database; clock: Clock }): void {
  app.decorateRequest('idempotencyKey', undefined);

  const recall = async (request: FastifyRequest, reply: FastifyReply) => {
    const key = request.headers['idempotency-key'];
    if (key === undefined) return;
    if (typeof key !== 'string' || !ACCEPTED.test(key)) {
      throw fail('bad_request', 'Idempotency-Key must be 1 to 255 visible ASCII characters.');
    }
    const earlier = await claim(db, request, key, clock.now());
    const isResumed = earlier !== undefined && (await resume(db, request, { key, earlier, now: clock.now() }));
    if (earlier === undefined || isResumed) {
      request.idempotencyKey = key;
      return;
    }
    if (!earlier.requestHash.equals(hashOf(request))) {
      throw fail('idempotency_key_reused', 'This Idempotency-Key was used with another request. Use a new key.');
    }
    if (earlier.status === null && isLost(earlier, clock.now())) {
      throw fail(
        'idempotency_outcome_unknown',
        `The request with this Idempotency-Key began at ${earlier.createdAt.toISOString()} and was cut off. Nobody knows whether it had its effect: look, and use a new key if it had none.`,
      );
    }
    if (earlier.status === null) {
      throw fail('idempotency_in_progress', 'The first request with this Idempotency-Key is still running.', {
        retryAfterSeconds: 1,
      });
    }
    reply.header('Idempotency-Replayed', 'true');
    return reply
      .code(earlier.status)
      .serializer((body: unknown) => JSON.stringify(body))
      .header('Content-Type', 'application/json; charset=utf-8')
      .send(earlier.response);
  };

  const keep = async (request: FastifyRequest, reply: FastifyReply, payload: unknown) => {
    const key = request.idempotencyKey;
    if (key === undefined) return payload;
    // A refusal or a failure before the effect may be tried again under the same key.
    if (reply.statusCode >= 400) await release(db, request, key);
    else await remember(db, request, key, reply.statusCode, String(payload));
    return payload;
  };

  // Only routes that honour the header pay for it.
  app.addHook('onRoute', (route) => {
    if (route.config?.idempotent === undefined || route.config.idempotent === false) return;
    route.preHandler = [route.preHandler ?? [], recall].flat();
    route.onSend = [route.onSend ?? [], keep].flat();
  });
}

type Earlier = { requestHash: Buffer; status: number | null; response: unknown; createdAt: Date };

function isLost({ createdAt }: Earlier, now: Date): boolean {
  return now.getTime() - createdAt.getTime() > RUNNING_MS;
}

type Resumption = { key: string; earlier: Earlier; now: Date };

/** Takes over what lost its process; false when it is not lost, may not run twice, or somebody was faster. */
async function resume(db: Database, request: FastifyRequest, { key, earlier, now }: Resumption): Promise<boolean> {
  const mayRunAgain = request.routeOptions.config.idempotent === 'resumable';
  if (!mayRunAgain || earlier.status !== null || !isLost(earlier, now)) return false;
  if (!earlier.requestHash.equals(hashOf(request))) return false;
  const { tenantId, userId } = request.caller;
  const taken = await db.asTenant(tenantId, (trx) =>
    trx
      .updateTable('idempotency_keys')
      .set({ created_at: now })
      .where('user_id', '=', userId)
      .where('key', '=', key)
      .where('status', 'is', null)
      .where('created_at', '=', earlier.createdAt)
      .executeTakeFirst(),
  );
  return taken.numUpdatedRows > 0n;
}

async function claim(db: Database, request: FastifyRequest, key: string, now: Date): Promise<Earlier | undefined> {
  const { tenantId, userId } = request.caller;
  const expired = new Date(now.getTime() - KEPT_HOURS * 3_600_000);
  return db.asTenant(tenantId, async (trx) => {
    await trx
      .deleteFrom('idempotency_keys')
      .where('user_id', '=', userId)
      .where('key', '=', key)
      .where('created_at', '<', expired)
      .execute();
    const made = await trx
      .insertInto('idempotency_keys')
      .values({
        tenant_id: tenantId,
        user_id: userId,
        key,
        request_hash: hashOf(request),
        status: null,
        response: null,
        created_at: now,
      })
      .onConflict((conflict) => conflict.doNothing())
      .returning('key')
      .executeTakeFirst();
    if (made !== undefined) return undefined;
    const row = await trx
      .selectFrom('idempotency_keys')
      .selectAll()
      .where('user_id', '=', userId)
      .where('key', '=', key)
      .executeTakeFirstOrThrow();
    return { requestHash: row.request_hash, status: row.status, response: row.response, createdAt: row.created_at };
  });
}

async function remember(
  db: Database,
  request: FastifyRequest,
  key: string,
  status: number,
  payload: string,
): Promise<void> {
  const { tenantId, userId } = request.caller;
  await db.asTenant(tenantId, (trx) =>
    trx
      .updateTable('idempotency_keys')
      .set({ status, response: payload })
      .where('user_id', '=', userId)
      .where('key', '=', key)
      .execute(),
  );
}

async function release(db: Database, request: FastifyRequest, key: string): Promise<void> {
  const { tenantId, userId } = request.caller;
  await db.asTenant(tenantId, (trx) =>
    trx
      .deleteFrom('idempotency_keys')
      .where('user_id', '=', userId)
      .where('key', '=', key)
      .where('status', 'is', null)
      .execute(),
  );
}

function hashOf(request: FastifyRequest): Buffer {
  return createHash('sha256')
    .update(`${request.method} ${request.url}\n${JSON.stringify(request.body ?? null)}`)
    .digest();
}
