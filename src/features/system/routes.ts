/** What the dashboard and operators ask about the installation itself. */
import { z } from 'zod';
import type { App } from '../../http/app-type.ts';
import { actorOf } from '../../http/caller.ts';
import { REFUSALS } from '../../http/shapes.ts';
import { circuitListSchema, circuitSchema, closeSchema, isolateSchema, systemInfoSchema } from './contract.ts';
import type { createCircuitDesk } from './circuits.ts';

export type SystemRoutesDeps = {
  info: z.output<typeof systemInfoSchema>;
  circuits: ReturnType<typeof createCircuitDesk>;
  /** Records what a person did to a circuit. */
  record: (actor: ReturnType<typeof actorOf>, action: string, subject: string, details: object) => Promise<void>;
};

export function systemRoutes(app: App, deps: SystemRoutesDeps): void {
  systemInfo(app, deps);
  listCircuits(app, deps);
  isolateCircuit(app, deps);
  closeCircuit(app, deps);
}

const circuitParams = z.object({ circuit: z.string().min(1).max(120) });
const circuitAnswer = z.object({ circuit_breaker: circuitSchema });

function systemInfo(app: App, { info }: SystemRoutesDeps): void {
  const schema = { tags: ['system'], summary: 'The installation', response: { 200: systemInfoSchema, ...REFUSALS } };
  app.get('/system/info', { config: { access: 'viewer', limitGroup: 'system' }, schema }, async () => info);
}

function listCircuits(app: App, { circuits }: SystemRoutesDeps): void {
  const schema = { tags: ['ops'], summary: 'Circuit breakers', response: { 200: circuitListSchema, ...REFUSALS } };
  app.get(
    '/ops/circuit-breakers',
    { config: { access: 'viewer', limitGroup: 'circuits' }, schema },
    async (request) => ({
      circuit_breakers: circuits.list(request.caller),
      next_cursor: null,
    }),
  );
}

function isolateCircuit(app: App, { circuits, record }: SystemRoutesDeps): void {
  const schema = {
    tags: ['ops'],
    summary: 'Isolate a circuit by hand: every call is refused',
    params: circuitParams,
    body: isolateSchema,
    response: { 200: circuitAnswer, ...REFUSALS },
  };
  app.post(
    '/ops/circuit-breakers/:circuit/isolate',
    { config: { access: 'admin', limitGroup: 'circuits' }, schema },
    async (request) => {
      const { reason, minutes } = request.body;
      const forMs = minutes === undefined ? null : minutes * 60_000;
      const circuit = circuits.isolate(request.params.circuit, request.caller, {
        reason,
        author: request.caller.email,
        forMs,
      });
      await record(actorOf(request), 'circuit_breaker.isolated', request.params.circuit, {
        reason,
        minutes: minutes ?? null,
      });
      return { circuit_breaker: circuit };
    },
  );
}

function closeCircuit(app: App, { circuits, record }: SystemRoutesDeps): void {
  const schema = {
    tags: ['ops'],
    summary: 'Close a circuit by hand',
    params: circuitParams,
    body: closeSchema,
    response: { 200: circuitAnswer, ...REFUSALS },
  };
  app.post(
    '/ops/circuit-breakers/:circuit/close',
    { config: { access: 'admin', limitGroup: 'circuits' }, schema },
    async (request) => {
      const { reason } = request.body;
      const circuit = circuits.close(request.params.circuit, request.caller, { reason, author: request.caller.email });
      await record(actorOf(request), 'circuit_breaker.closed', request.params.circuit, { reason });
      return { circuit_breaker: circuit };
    },
  );
}
