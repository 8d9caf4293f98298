import { type DayOrder, type DayRun, startDay } from './day.ts';
import type { ActiveFault, Fault, FaultKind } from './faults.ts';
import type { LedgerEntry, LedgerFilter } from './ledger.ts';
import type { Random } from './random.ts';
import { type Script, type ScriptRun, startScript } from './script.ts';
import type { Sinks } from './sinks/sinks.ts';
import type { CallOrder, CallResult, TextOrder } from './telephony/call.ts';
import type { Person } from './telephony/people.ts';
import type { Telephony } from './telephony/telephony.ts';
import type { Account, NewAccount } from './twilio/account.ts';
import type { TwilioTwin } from './twilio/twin.ts';
import type { NewOrg, Org } from './vapi/store.ts';
import type { VapiTwin } from './vapi/twin.ts';
import type { WebhookTrouble } from './vapi/webhooks.ts';
import type { Vendor } from './vendors.ts';
import type { World } from './world.ts';

export type Outage = {
  vendor: Vendor;
  /** Story time in milliseconds; missing: until `restore`. */
  forMs?: number;
  /** How it shows; `status` with 503 when missing. */
  kind?: FaultKind;
  status?: number;
  /** Vapi only: conversations that are under way lose their sound. */
  dropsLiveCalls?: boolean;
};

/** The strings of the puppets: what a test or the control API can do to the twins, and see of them. */
export type Control = {
  addFault(fault: Fault): string;
  removeFault(id: string): void;
  clearFaults(vendor?: Vendor): void;
  faults(): ActiveFault[];
  outage(outage: Outage): string;
  restore(vendor: Vendor): void;

  requests(filter?: LedgerFilter): LedgerEntry[];
  countRequests(filter?: Omit<LedgerFilter, 'sinceSequence'>): number;
  clearRequests(): void;

  addVapiOrg(given?: NewOrg): Org;
  addTwilioAccount(given?: NewAccount): Account;
  /** Loses, repeats, delays or shuffles the webhooks of the Vapi twin. */
  troubleWebhooks(trouble: WebhookTrouble): void;

  /** Rings one of our numbers, and answers when the caller has put down the phone. */
  placeCall(order: CallOrder): Promise<CallResult>;
  sendText(order: TextOrder): Promise<{ status: number }>;
  /** Who picks up at an outside number. */
  setPerson(phoneNumber: string, person: Person): void;
  callResults(): CallResult[];
  /** Answers when no call is on and no webhook is waiting to be delivered. */
  settled(): Promise<void>;

  /** Numbers that have a voice URL: those that can ring. */
  numbers(): string[];
  /** Many callers, one after the other. The answer fills up as they are done. */
  startDay(order: DayOrder): DayRun;
  /** Plays a script in the background. */
  startScript(script: Script): ScriptRun;
  days(): DayRun[];
  scripts(): ScriptRun[];
  /** How many times faster than the clock the story runs. */
  setSpeed(timeScale: number): void;

  inboxes: Pick<Sinks, 'mailbox' | 'resend' | 'slack' | 'pagerduty' | 'google' | 'microsoft'>;
  status(): Status;
};

export type Status = {
  now: string;
  seed: number;
  speed: number;
  faults: ActiveFault[];
  calls: { live: number; done: number; outcomes: Record<string, number> };
  requests: Record<string, number>;
  inboxes: Record<string, number>;
};

type Parts = {
  world: World;
  vapi: VapiTwin;
  twilio: TwilioTwin;
  sinks: Sinks;
  telephony: Telephony;
  random: Random;
};

export function createControl(parts: Parts): Control {
  const { world, vapi, twilio, sinks, telephony, random } = parts;
  const { faults, ledger } = world;
  const days: DayRun[] = [];
  const scripts: ScriptRun[] = [];
  const control: Control = {
    addFault: (fault) => faults.add(fault),
    removeFault: (id) => faults.remove(id),
    clearFaults: (vendor) => faults.clear(vendor),
    faults: () => faults.list(),
    outage({ vendor, forMs, kind = 'status', status = 503, dropsLiveCalls }) {
      if (vendor === 'vapi' && dropsLiveCalls) telephony.dropConversations();
      return faults.add({ vendor, kind, status, ...(forMs !== undefined && { forMs }) });
    },
    restore: (vendor) => faults.clear(vendor),

    requests: (filter) => ledger.list(filter),
    countRequests: (filter) => ledger.count(filter),
    clearRequests: () => ledger.clear(),

    addVapiOrg: (given) => vapi.addOrg(given),
    addTwilioAccount: (given) => twilio.addAccount(given),
    troubleWebhooks: (trouble) => telephony.webhooks.trouble(trouble),

    placeCall: (order) => telephony.placeCall(order),
    sendText: (order) => telephony.sendText(order),
    setPerson: (phoneNumber, person) => telephony.people.set(phoneNumber, person),
    callResults: () => telephony.results,
    settled: () => telephony.settled(),

    numbers: () =>
      twilio.accounts
        .flatMap((account) => account.numbers.all())
        .filter((number) => number.voice_url !== '')
        .map((number) => String(number.phone_number)),
    startDay: (order) => kept(days, startDay({ control, random, time: world.time, order })),
    startScript: (script) => kept(scripts, startScript({ control, time: world.time, script })),
    days: () => days,
    scripts: () => scripts,
    setSpeed: (timeScale) => world.time.setScale(timeScale),

    inboxes: sinks,
    status: () => statusOf(parts),
  };
  return control;
}

function kept<T>(list: T[], run: T): T {
  list.push(run);
  return run;
}

function statusOf({ world, sinks, telephony }: Parts): Status {
  const outcomes: Record<string, number> = {};
  for (const { outcome } of telephony.results) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  const requests: Record<string, number> = {};
  for (const { vendor } of world.ledger.list()) requests[vendor] = (requests[vendor] ?? 0) + 1;
  return {
    now: world.time.story.now().toISOString(),
    seed: world.seed,
    speed: world.time.scale(),
    faults: world.faults.list(),
    calls: { live: telephony.liveCalls(), done: telephony.results.length, outcomes },
    requests,
    inboxes: {
      mail: sinks.mailbox.mails.length,
      resend: sinks.resend.mails.length,
      slack: sinks.slack.messages.length,
      pagerduty: sinks.pagerduty.alerts.length,
      google: sinks.google.events.length,
      microsoft: sinks.microsoft.events.length,
    },
  };
}
