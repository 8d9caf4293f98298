import type { FastifyInstance } from 'fastify';
import { accountRoutes } from './accounts.ts';
import { availableNumberRoutes } from './available-numbers.ts';
import { callRoutes } from './calls.ts';
import { messageRoutes } from './messages.ts';
import { numberRoutes } from './numbers.ts';
import { recordingRoutes } from './recordings.ts';
import type { TwilioTwin } from './twin.ts';

/** Every door of Twilio's REST API that the twin has. */
export function twilioRoutes(app: FastifyInstance, twin: TwilioTwin): void {
  app.addHook('onSend', (_request, reply, _payload, done) => {
    void reply.header('twilio-request-id', twin.random.sid('RQ'));
    void reply.header('twilio-concurrent-requests', '1');
    done();
  });
  accountRoutes(app, twin);
  numberRoutes(app, twin);
  availableNumberRoutes(app, twin);
  callRoutes(app, twin);
  messageRoutes(app, twin);
  recordingRoutes(app, twin);
}
