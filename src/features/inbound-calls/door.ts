/** Brings what happened at Twilio's doors to the ledger, under the tenant of the number that was called. */
import type { FastifyRequest } from 'fastify';
import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import { within } from '../../within.ts';
import type { NumberRouting, RoutingTable } from '../phone-numbers/routing.ts';
import { type IncomingEvent, type QuarantinedEvent, twilioEvent } from '../webhook-inbox/webhook-inbox.ts';
import type { Answer } from './inbound-calls.ts';

export type TwilioDoorDeps = {
  clock: Clock;
  log: Log;
  routing: RoutingTable;
  inbox: {
    keep(event: IncomingEvent, order?: 'urgent'): Promise<void>;
    quarantine(event: QuarantinedEvent): Promise<void>;
  };
  spool: { add(event: IncomingEvent): Promise<void> };
  /** Whose number it is when the routing does not say: known numbers that AVA does not route. */
  tenantOfNumber(phoneNumber: string, accountSid: string | undefined): Promise<string | undefined>;
};

export type TwilioDoor = {
  /** For a caller who waits: what cannot be stored soon goes to this machine's disk and the caller is answered. */
  note(request: FastifyRequest, what: { type: string; step?: string; answer: Answer }): Promise<void>;
  /** For everything that Twilio repeats: resolves when it is on disk. Throws `DatabaseUnavailable`. */
  keep(request: FastifyRequest, what: { type: string }): Promise<void>;
};

const PATIENCE_MS = 400;

export function createTwilioDoor(deps: TwilioDoorDeps): TwilioDoor {
  const { clock, log, inbox, spool } = deps;

  function eventOf(
    request: FastifyRequest,
    tenantId: string,
    what: { type: string; step?: string; answer?: Answer },
  ): IncomingEvent {
    return twilioEvent({
      tenantId,
      type: what.type,
      ...(what.step !== undefined && { step: what.step }),
      params: request.twilio,
      decision: what.answer?.decision,
      correlationId: request.id,
      receivedAt: arrivalOf(request),
    });
  }

  /** A call is noted once its answer is made, and received before that. */
  function arrivalOf(request: FastifyRequest): Date {
    return new Date(clock.now().getTime() - (clock.monotonicMs() - request.startedMs));
  }

  function routingOf(request: FastifyRequest): NumberRouting | undefined {
    const { To = '', From = '', AccountSid } = request.twilio;
    const { n } = request.query as { n?: string };
    const byStep = n === undefined ? undefined : deps.routing.findBySid(n);
    return byStep ?? deps.routing.find(To, AccountSid) ?? deps.routing.find(From, AccountSid);
  }

  async function storeOrSpool(event: IncomingEvent): Promise<void> {
    const stored = await within(
      clock,
      PATIENCE_MS,
      () => inbox.keep(event, 'urgent').then(() => true),
      () => false,
    ).catch(() => false);
    if (stored) return;
    log.warn({ type: event.type }, 'The ledger does not answer; a call was noted on the local disk');
    await spool.add(event);
  }

  async function quarantine(request: FastifyRequest, what: { type: string; answer?: Answer }): Promise<void> {
    await inbox.quarantine({ ...eventOf(request, '', what), reason: 'no tenant has this number' });
  }

  async function tenantOf(request: FastifyRequest): Promise<string | undefined> {
    const { To = '', From = '', AccountSid } = request.twilio;
    return (await deps.tenantOfNumber(To, AccountSid)) ?? (await deps.tenantOfNumber(From, AccountSid));
  }

  return {
    async note(request, what) {
      const routing = what.answer.routing ?? routingOf(request);
      request.work.tenant = routing?.tenantId;
      // A note that fails must not cost the caller the answer.
      try {
        if (routing !== undefined) await storeOrSpool(eventOf(request, routing.tenantId, what));
        else
          await within(
            clock,
            PATIENCE_MS,
            () => keepUnrouted(request, what),
            () => undefined,
          );
      } catch (error) {
        log.error({ err: error, type: what.type }, 'A call could not be noted anywhere');
      }
    },

    async keep(request, what) {
      const routing = routingOf(request);
      if (routing === undefined) return await keepUnrouted(request, what);
      request.work.tenant = routing.tenantId;
      await inbox.keep(eventOf(request, routing.tenantId, what));
    },
  };

  async function keepUnrouted(request: FastifyRequest, what: { type: string; answer?: Answer }): Promise<void> {
    const tenantId = await tenantOf(request);
    if (tenantId === undefined) return await quarantine(request, what);
    request.work.tenant = tenantId;
    await inbox.keep(eventOf(request, tenantId, what));
  }
}
