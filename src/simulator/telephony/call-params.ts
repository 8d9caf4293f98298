import type { LiveCall } from './live-call.ts';

/** The parameters that every voice webhook has (contracts/twilio.md 3.1). */
export function callParams({ record, account, isAnswered, isHungUp, gone }: LiveCall): Record<string, string> {
  const from = String(record.from);
  const to = String(record.to);
  const isOver = isHungUp || gone.signal.aborted;
  const status = isOver ? 'completed' : isAnswered ? 'in-progress' : 'ringing';
  return {
    CallSid: record.sid,
    AccountSid: account.sid,
    ApiVersion: '2010-04-01',
    From: from,
    Caller: from,
    To: to,
    Called: to,
    CallStatus: status,
    Direction: String(record.direction),
    ...place('From', from),
    ...place('To', to),
    ...place('Caller', from),
    ...place('Called', to),
    ...(typeof record.parent_call_sid === 'string' && { ParentCallSid: record.parent_call_sid }),
    StirVerstat: 'TN-Validation-Passed-A',
  };
}

function place(prefix: string, number: string): Record<string, string> {
  const isAmerican = number.startsWith('+1');
  return {
    [`${prefix}City`]: isAmerican ? 'WASHINGTON' : '',
    [`${prefix}State`]: isAmerican ? 'DC' : '',
    [`${prefix}Zip`]: isAmerican ? '20001' : '',
    [`${prefix}Country`]: isAmerican ? 'US' : 'GB',
  };
}
