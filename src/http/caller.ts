/** Who asks: set once per request by the private scope, read by every handler. */
import type { FastifyRequest } from 'fastify';

export const ROLES = ['viewer', 'editor', 'admin', 'owner'] as const;
export type Role = (typeof ROLES)[number];

export type Caller = {
  tenantId: string;
  userId: string;
  email: string;
  role: Role;
  /** May touch what all tenants share. */
  operator: boolean;
  sessionId: string;
  /** Belongs to a tenant made by verification: left out of alerts and targets. */
  synthetic: boolean;
};

/** What a private route asks of its caller: the least role, or being an operator. */
export type Access = Role | 'operator';

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller;
  }
  interface FastifyContextConfig {
    access?: Access;
    /** Group that the rate limit counts in; by default the first word of the path. */
    limitGroup?: string;
    /** Lower limit of this route's group, a minute. */
    limitPerMinute?: number;
    /**
     * Whether Idempotency-Key is honoured: POSTs with an effect outside. `resumable`: the handler keeps the effect from
     * happening twice by the key itself, so it may run again after its process was stopped.
     */
    idempotent?: boolean | 'resumable';
  }
}

/** What work done for a person is recorded under. */
export type Actor = { tenantId: string; userId: string; name: string };

export function actorOf(request: FastifyRequest): Actor {
  const { tenantId, userId, email } = request.caller;
  return { tenantId, userId, name: email };
}

export function mayAccess(caller: Caller, access: Access): boolean {
  if (access === 'operator') return caller.operator;
  return ROLES.indexOf(caller.role) >= ROLES.indexOf(access);
}
