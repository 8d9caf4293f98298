/** Makes what tells of finished calls: mail to the owners, text messages to whoever wants them. */
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { Database } from '../db/connect.ts';
import type { Calls } from '../features/calls/calls.ts';
import { createTexting } from '../features/calls/texting.ts';
import { createTold, KIND } from '../features/calls/told.ts';
import type { Effects } from '../features/effects/effects.ts';
import { callSummaryText } from '../features/messaging/call-summary.ts';
import type { Messaging } from '../features/messaging/messaging.ts';
import { createTextMessages } from '../features/messaging/text-messages.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { TwilioCredential } from '../providers/twilio/clients.ts';
import type { TwilioRest } from '../providers/twilio/rest.ts';
import { assistantName, ownersOf, textSenderOf } from './call-data.ts';

export type ToldDepsOptions = {
  config: Config;
  clock: Clock;
  log: Log;
  metrics: Pick<Metrics, 'effectsGivenUp'>;
  db: Database;
  effects: Effects;
  twilio: TwilioRest;
  twilioOf(tenantId: string): Promise<TwilioCredential | undefined>;
  messaging: Pick<Messaging, 'sendCallSummary'>;
  calls: Pick<Calls, 'get'>;
  publicUrl: string;
  ownNumbers(tenantId: string): Promise<string[]>;
};

export function createToldDeps(options: ToldDepsOptions) {
  const { config, clock, log, metrics, db, effects, twilio, twilioOf, calls } = options;
  const texts = createTextMessages({ config, clock, effects, twilio, credentialOf: twilioOf });
  const texting = createTexting({
    ...{ db, clock, log, ownNumbers: options.ownNumbers, isKnown: texts.isKnown },
    senderOf: (...of) => textSenderOf(db, ...of),
    send: ({ story, ...text }) => texts.sendText({ ...text, body: callSummaryText(story), mark: story.url }),
  });
  // From the first look on, so that the first one to be given up is seen as a rise.
  metrics.effectsGivenUp.inc({ kind: KIND }, 0);
  return createTold({
    ...{ clock, effects, log, publicUrl: options.publicUrl },
    getCall: (...of) => calls.get(...of),
    ownersOf: (tenantId) => ownersOf(db, tenantId),
    assistantName: (...of) => assistantName(db, ...of),
    send: (mail) => options.messaging.sendCallSummary(mail),
    text: texting.tell,
    onGivenUp: () => metrics.effectsGivenUp.inc({ kind: KIND }),
  });
}
