import { type Clock, systemClock } from '../clock.ts';
import { createControl } from './control.ts';
import type { Control } from './strings.ts';
import { openControlDoor } from './control-door.ts';
import { createFaults } from './faults.ts';
import { createLedger } from './ledger.ts';
import { createListener, type Listener, type ListenerOptions } from './listener.ts';
import { seededRandom } from './random.ts';
import { seedTwins } from './seed.ts';
import { createSinks, type Sinks } from './sinks/sinks.ts';
import { connectTelephony, type Telephony } from './telephony/telephony.ts';
import { makeTime, stoppable } from './time.ts';
import { twilioErrorBody } from './twilio/errors.ts';
import { twilioRoutes } from './twilio/routes.ts';
import { createTwilioTwin } from './twilio/twin.ts';
import { vapiErrorBody } from './vapi/errors.ts';
import { vapiRoutes } from './vapi/routes.ts';
import { createVapiTwin } from './vapi/twin.ts';
import { type Vendor, vendors } from './vendors.ts';
import type { Hooks, World } from './world.ts';

export type SimulatorOptions = {
  /** Of the control API; the vendors take the ports that follow. 0 picks free ones. */
  port?: number;
  host?: string;
  /** The same seed gives the same ids, keys, numbers and talk. */
  seed?: number;
  /** Another number for each start: keys and numbers stay those of the seed, calls get ids that no earlier run gave. */
  run?: number;
  clock?: Clock;
  /** How many times faster than the clock people talk and outages pass. */
  timeScale?: number;
  /** How many calls one Vapi organisation may have at a time. */
  vapiConcurrency?: number;
  hooks?: Hooks;
};

export type Simulator = {
  /** Of the control API. */
  url: string;
  vapi: { baseUrl: string; apiKey: string; orgId: string; assistantId: string };
  twilio: { baseUrl: string; accountSid: string; authToken: string; numbers: string[] };
  smtp: { url: string };
  slack: { webhookUrl: string };
  pagerduty: { baseUrl: string; routingKey: string };
  resend: { baseUrl: string; apiKey: string };
  google: { baseUrl: string; clientId: string; clientSecret: string };
  microsoft: { baseUrl: string; clientId: string; clientSecret: string };
  /** What to put in AVA's environment so that it calls the twins. */
  env(): Record<string, string>;
  control: Control;
  close(): Promise<void>;
};

/**
 * Starts the twins of Vapi and Twilio and the sinks of the other vendors. Each vendor has a port of its own, as each
 * has a host of its own in the world: connection pools stay apart, paths are the vendor's, and "refused" is refused.
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { port = 0, host = '127.0.0.1', seed = 1, clock = systemClock, timeScale = 1, hooks = {} } = options;
  const doors = new Map<Vendor, Listener>();
  const wire = stoppable(clock);
  const time = makeTime(wire.clock, timeScale);
  const random = seededRandom(seed, 'world');
  const onChange = (vendor: Vendor) => void moveDoor(doors.get(vendor), world.faults.isRefused(vendor));
  const faults = createFaults(time.story, seededRandom(seed, 'faults'), onChange);
  const world: World = { seed, time, random, faults, ledger: createLedger(), hooks };
  const vapi = createVapiTwin(world, seededRandom(seed, 'vapi'));
  const twilio = createTwilioTwin(world, seededRandom(seed, 'twilio'));
  const seeded = seedTwins(vapi, twilio, options.vapiConcurrency);
  if (options.run !== undefined) for (const twin of [vapi, twilio]) twin.random.leap(options.run);
  const sinks = createSinks(world, seededRandom(seed, 'sinks'));
  const telephony = connectTelephony({ world, vapi, twilio, random: seededRandom(seed, 'people') });

  const routes: Record<Exclude<Vendor, 'smtp'>, Pick<ListenerOptions, 'routes' | 'errorBody'>> = {
    vapi: { routes: (app) => vapiRoutes(app, vapi), errorBody: vapiErrorBody },
    twilio: { routes: (app) => twilioRoutes(app, twilio), errorBody: twilioErrorBody },
    ...sinks.doors,
  };
  const portOf = (vendor: Vendor) => (port === 0 ? 0 : port + 1 + vendors.indexOf(vendor));
  for (const [vendor, door] of Object.entries(routes) as [Exclude<Vendor, 'smtp'>, (typeof routes)['vapi']][]) {
    doors.set(vendor, await createListener({ world, vendor, host, port: portOf(vendor), ...door }));
  }
  doors.set('smtp', await sinks.openMail({ host, port: portOf('smtp') }));
  const urlOf = (vendor: Vendor) => doors.get(vendor)?.url ?? '';
  vapi.url = urlOf('vapi');
  twilio.url = urlOf('twilio');

  const control = createControl({ world, vapi, twilio, sinks, telephony, random: seededRandom(seed, 'days') });
  const addresses = describe({ seeded, sinks, urlOf });
  const env = () => ({ ...envOf(addresses), AVA_SIMULATOR_URL: controlDoor.url });
  const controlDoor = await openControlDoor({ host, port, control, env: () => env() });
  return {
    url: controlDoor.url,
    ...addresses,
    env,
    control,
    close: () => closeAll({ doors, controlDoor, telephony, wire }),
  };
}

type Addresses = Omit<Simulator, 'url' | 'env' | 'control' | 'close'>;
type Described = { seeded: ReturnType<typeof seedTwins>; sinks: Sinks; urlOf(vendor: Vendor): string };

function describe({ seeded, sinks, urlOf }: Described): Addresses {
  const { keys } = sinks;
  return {
    vapi: {
      baseUrl: urlOf('vapi'),
      apiKey: seeded.org.apiKey,
      orgId: seeded.org.id,
      assistantId: seeded.assistant.id,
    },
    twilio: {
      baseUrl: urlOf('twilio'),
      accountSid: seeded.account.sid,
      authToken: seeded.account.authToken,
      numbers: seeded.numbers,
    },
    smtp: { url: urlOf('smtp') },
    slack: { webhookUrl: `${urlOf('slack')}${keys.slackPath}` },
    pagerduty: { baseUrl: urlOf('pagerduty'), routingKey: keys.pagerdutyRoutingKey },
    resend: { baseUrl: urlOf('resend'), apiKey: keys.resendApiKey },
    google: { baseUrl: urlOf('google'), clientId: keys.clientId, clientSecret: keys.clientSecret },
    microsoft: { baseUrl: urlOf('microsoft'), clientId: keys.clientId, clientSecret: keys.clientSecret },
  };
}

function envOf(addresses: Addresses): Record<string, string> {
  const { vapi, twilio, smtp, slack, pagerduty, resend, google, microsoft } = addresses;
  return {
    VAPI_BASE_URL: vapi.baseUrl,
    AVA_API_VAPI_API_KEY: vapi.apiKey,
    TWILIO_BASE_URL: twilio.baseUrl,
    TWILIO_ACCOUNT_SID: twilio.accountSid,
    TWILIO_AUTH_TOKEN: twilio.authToken,
    SMTP_URL: smtp.url,
    SLACK_WEBHOOK_URL: slack.webhookUrl,
    PAGERDUTY_BASE_URL: pagerduty.baseUrl,
    PAGERDUTY_ROUTING_KEY: pagerduty.routingKey,
    RESEND_BASE_URL: resend.baseUrl,
    GOOGLE_BASE_URL: google.baseUrl,
    GOOGLE_CLIENT_ID: google.clientId,
    GOOGLE_CLIENT_SECRET: google.clientSecret,
    MICROSOFT_BASE_URL: microsoft.baseUrl,
    MICROSOFT_CLIENT_ID: microsoft.clientId,
    MICROSOFT_CLIENT_SECRET: microsoft.clientSecret,
  };
}

/** Not awaited by whoever adds a fault: a shut door drops its connections at once, and listens again when it opens. */
async function moveDoor(door: Listener | undefined, isRefused: boolean): Promise<void> {
  await (isRefused ? door?.refuse() : door?.open());
}

type Open = {
  doors: Map<Vendor, Listener>;
  controlDoor: { close(): Promise<void> };
  telephony: Telephony;
  wire: { stop(): void };
};

async function closeAll({ doors, controlDoor, telephony, wire }: Open): Promise<void> {
  telephony.stop();
  await Promise.all([...doors.values(), controlDoor].map((door) => door.close()));
  wire.stop();
}
