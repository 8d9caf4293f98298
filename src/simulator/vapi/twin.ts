import type { FastifyRequest } from 'fastify';
import type { Random } from '../random.ts';
import type { World } from '../world.ts';
import { invalidKey } from './errors.ts';
import { createOrg, type NewOrg, type Org, type Stored } from './store.ts';

/** The Vapi twin: what it keeps, and the neighbours that it reaches. */
export type VapiTwin = {
  world: World;
  random: Random;
  orgs: Org[];
  /** Where this twin is reached; known once its door is open. */
  url: string;
  addOrg(given?: NewOrg): Org;
  /** The telephony side, put in by `simulator.ts`. */
  phones: Phones;
  /** Told when a call begins to ring. */
  onRinging(stream: { org: Org; call: Stored }): void;
  /** Told when a call has waited for its caller in vain. */
  onAbandoned(stream: { org: Org; call: Stored }, endedReason: string): void;
  /** Asks the number's server who shall answer, and gives the TwiML that follows from its reply. */
  askForAssistant(given: { org: Org; number: Stored; call: Stored }): Promise<string>;
};

/** What Vapi asks of Twilio. */
export type Phones = {
  importNumber(order: NumberImport): 'imported' | 'unauthorised' | 'unknown_number';
  releaseNumber(order: { accountSid: string; number: string }): void;
  /** Rings a customer for an outbound call. */
  dialOut(order: { org: Org; callId: string; from: string; to: string; accountSid: string }): void;
};

export type NumberImport = {
  accountSid: string;
  /** Auth token, or the secret of an API key. */
  secret: string;
  number: string;
  voiceUrl: string;
  statusCallback: string;
  smsUrl?: string;
};

const noPhones: Phones = {
  importNumber: () => 'imported',
  releaseNumber: () => {},
  dialOut: () => {},
};

export function createVapiTwin(world: World, random: Random): VapiTwin {
  const orgs: Org[] = [];
  return {
    world,
    random,
    orgs,
    url: '',
    addOrg(given = {}) {
      const org = createOrg(given, { random, story: world.time.story });
      orgs.push(org);
      return org;
    },
    phones: noPhones,
    onRinging: () => {},
    onAbandoned: () => {},
    askForAssistant: () => Promise.resolve('<Response><Hangup/></Response>'),
  };
}

/** The organisation of the bearer key. Throws Vapi's 401 for any other. */
export function orgOf(twin: VapiTwin, request: FastifyRequest): Org {
  const key = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
  const org = key ? twin.orgs.find((candidate) => candidate.apiKey === key) : undefined;
  if (!org) throw invalidKey();
  return org;
}
