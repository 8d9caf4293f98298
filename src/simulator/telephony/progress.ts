import type { Account } from '../twilio/account.ts';
import { type Resource, rfc2822 } from '../twilio/records.ts';
import type { Switchboard } from './live-call.ts';
import { sourceOf } from './step.ts';

export type ProgressEvent = 'initiated' | 'ringing' | 'answered' | 'completed';
type Told = {
  account: Account;
  record: Resource;
  url: string | undefined;
  method?: string | undefined;
  /** Missing: the end alone. */
  events?: string[] | undefined;
  base?: string;
};

const sequences = new WeakMap<Resource, number>();

/** Tells a callback how a leg gets on. Each report has the next number of its leg, in whatever order they arrive. */
export function createProgress(board: Switchboard, told: Told): (...events: ProgressEvent[]) => void {
  const wanted = told.events ?? ['completed'];
  return (...events) => {
    for (const event of events) {
      if (!told.url || !wanted.includes(event)) continue;
      const source = sourceOf(told.base ?? '', told.url, told.method);
      const sequence = sequences.get(told.record) ?? 0;
      sequences.set(told.record, sequence + 1);
      const params = paramsOf(board, { ...told, event, sequence });
      board.track(board.requests.send({ account: told.account, url: source.url, method: source.method, params }));
    }
  };
}

const STATUSES = { initiated: 'initiated', ringing: 'ringing', answered: 'in-progress' };

function paramsOf(board: Switchboard, told: Told & { event: ProgressEvent; sequence: number }): Record<string, string> {
  const { account, record, event, sequence } = told;
  const status = event === 'completed' ? String(record.status) : STATUSES[event];
  const seconds = Number(record.duration ?? 0);
  return {
    CallSid: record.sid,
    AccountSid: account.sid,
    ApiVersion: '2010-04-01',
    From: String(record.from),
    Caller: String(record.from),
    To: String(record.to),
    Called: String(record.to),
    Direction: String(record.direction),
    CallStatus: status,
    Timestamp: rfc2822(board.world.time.story.now()),
    CallbackSource: 'call-progress-events',
    SequenceNumber: String(sequence),
    ...(typeof record.parent_call_sid === 'string' && { ParentCallSid: record.parent_call_sid }),
    ...(event === 'completed' && { CallDuration: String(seconds), Duration: String(Math.ceil(seconds / 60)) }),
  };
}
