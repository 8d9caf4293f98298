/** The strings of the puppets, as types. */
import type { ActiveFault, Fault, FaultKind } from './faults.ts';
import type { LedgerEntry, LedgerFilter } from './ledger.ts';
import type { Sinks } from './sinks/sinks.ts';
import type { DayOrder, DayRun, Script, ScriptRun } from './stories.ts';
import type { CallOrder, CallResult, TextOrder } from './telephony/call.ts';
import type { Person } from './telephony/people.ts';
import type { Account, NewAccount } from './twilio/account.ts';
import type { NewOrg, Org } from './vapi/store.ts';
import type { WebhookTrouble } from './vapi/webhooks.ts';
import type { Vendor } from './vendors.ts';

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
