import type { FastifyInstance } from 'fastify';
import { assistantRoutes } from './assistants.ts';
import { callRoutes } from './calls.ts';
import { credentialRoutes } from './credentials.ts';
import { phoneNumberRoutes } from './phone-numbers.ts';
import { toolRoutes } from './tools.ts';
import { twilioDoorRoutes } from './twilio-door.ts';
import type { VapiTwin } from './twin.ts';

/** Every door of Vapi's API that the twin has. */
export function vapiRoutes(app: FastifyInstance, twin: VapiTwin): void {
  assistantRoutes(app, twin);
  phoneNumberRoutes(app, twin);
  callRoutes(app, twin);
  toolRoutes(app, twin);
  credentialRoutes(app, twin);
  twilioDoorRoutes(app, twin);
}
