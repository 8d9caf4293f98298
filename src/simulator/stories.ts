/** What callers do over a while: a day of them, and a script with outages in between. */
import type { Fault, FaultKind } from './faults.ts';
import type { CallOrder, CallResult, Outcome } from './telephony/call.ts';
import type { Person } from './telephony/people.ts';
import type { Vendor } from './vendors.ts';
import type { WebhookTrouble } from './vapi/webhooks.ts';

export type DayOrder = {
  calls: number;
  /** Numbers that are rung; missing: all that have a voice URL. */
  to?: string[];
  /** Story seconds between two callers, on average. */
  everySeconds?: number;
  /** How many callers are on the line at a time, at most. */
  atOnce?: number;
};

/** How a day goes; the object changes until `isDone`. */
export type DayRun = {
  id: string;
  calls: number;
  done: number;
  isDone: boolean;
  outcomes: Record<Outcome, number>;
  heardError: number;
  longestSilenceMs: number;
  /** Callers whose call ended in an error, to look at. */
  failed: CallResult[];
};

/** A story that is played step by step. Times are story time, as `h:mm:ss`, `m:ss` or seconds. */
export type Script = {
  name: string;
  description?: string;
  /** How many times faster than the clock it is played. */
  speed?: number;
  steps: Step[];
};

export type Span = string | number;
export type Step = { at?: Span; say?: string } & (
  | { do: 'outage'; vendor: Vendor; for?: Span; kind?: FaultKind; status?: number; dropsLiveCalls?: boolean }
  | { do: 'restore'; vendor: Vendor }
  | ({ do: 'fault'; for?: Span } & Omit<Fault, 'forMs'>)
  | ({ do: 'webhooks' } & WebhookTrouble)
  | ({ do: 'person'; phoneNumber: string } & Person)
  | ({ do: 'call' } & CallOrder)
  | ({ do: 'day' } & DayOrder)
  | { do: 'wait' }
);

/** How a script goes; the object changes until `isDone`. */
export type ScriptRun = {
  id: string;
  name: string;
  step: number;
  steps: number;
  says: string[];
  isDone: boolean;
  error?: string;
  days: DayRun[];
};
