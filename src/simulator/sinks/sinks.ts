import type { Listener, ListenerOptions } from '../listener.ts';
import type { Random } from '../random.ts';
import type { World } from '../world.ts';
import { createGoogle, type GoogleSink } from './google.ts';
import { createMicrosoft, type MicrosoftSink } from './microsoft.ts';
import { createPagerDuty, type PagerDutySink } from './pagerduty.ts';
import { createResend, type ResendSink } from './resend.ts';
import { createSlack, type SlackSink } from './slack.ts';
import { createMailbox, type Mailbox } from './smtp.ts';

type Door = Pick<ListenerOptions, 'routes' | 'errorBody'>;

export type SinkKeys = {
  slackPath: string;
  pagerdutyRoutingKey: string;
  resendApiKey: string;
  clientId: string;
  clientSecret: string;
};

/** The places where AVA's mails, alerts and appointments end up, to be looked at. */
export type Sinks = {
  keys: SinkKeys;
  mailbox: Mailbox;
  resend: ResendSink;
  slack: SlackSink;
  pagerduty: PagerDutySink;
  google: GoogleSink;
  microsoft: MicrosoftSink;
  doors: Record<'slack' | 'pagerduty' | 'resend' | 'google' | 'microsoft', Door>;
  openMail(given: { host: string; port: number }): Promise<Listener>;
};

export function createSinks(world: World, random: Random): Sinks {
  const keys: SinkKeys = {
    slackPath: `/services/T${random.hex(8).toUpperCase()}/B${random.hex(8).toUpperCase()}/${random.hex(24)}`,
    pagerdutyRoutingKey: random.hex(32),
    resendApiKey: `re_${random.hex(24)}`,
    clientId: `client-${random.hex(12)}`,
    clientSecret: random.hex(32),
  };
  const mailbox = createMailbox(world);
  const resend = createResend(world, random, keys.resendApiKey);
  const slack = createSlack(world, keys.slackPath);
  const pagerduty = createPagerDuty(world, random, keys.pagerdutyRoutingKey);
  const google = createGoogle(world, random, keys);
  const microsoft = createMicrosoft(world, random, keys);
  const doors = {
    slack: slack.door,
    pagerduty: pagerduty.door,
    resend: resend.door,
    google: google.door,
    microsoft: microsoft.door,
  };
  return { keys, mailbox, resend, slack, pagerduty, google, microsoft, doors, openMail: mailbox.open };
}
