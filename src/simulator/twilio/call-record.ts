import type { Account } from './account.ts';
import { nowIn, type Resource, rfc2822 } from './records.ts';
import { BASE, type TwilioTwin } from './twin.ts';

export type NewCall = {
  to: string;
  from: string;
  direction: 'inbound' | 'outbound-api' | 'outbound-dial';
  parentCallSid?: string;
  phoneNumberSid?: string;
  sid?: string;
};

/** A call at its very start; `startCall` and `endCall` move it on. */
export function makeCall(twin: TwilioTwin, account: Account, given: NewCall): Resource {
  const sid = given.sid ?? twin.random.sid('CA');
  const uri = `${BASE}/Accounts/${account.sid}/Calls/${sid}`;
  const now = nowIn(twin.world.time.story);
  return {
    sid,
    account_sid: account.sid,
    parent_call_sid: given.parentCallSid ?? null,
    to: given.to,
    to_formatted: given.to,
    from: given.from,
    from_formatted: given.from,
    phone_number_sid: given.phoneNumberSid ?? null,
    status: 'queued',
    start_time: null,
    end_time: null,
    duration: null,
    price: null,
    price_unit: 'USD',
    direction: given.direction,
    answered_by: null,
    forwarded_from: null,
    group_sid: null,
    caller_name: null,
    queue_time: '0',
    trunk_sid: null,
    api_version: '2010-04-01',
    date_created: now,
    date_updated: now,
    uri: `${uri}.json`,
    subresource_uris: { notifications: `${uri}/Notifications.json`, recordings: `${uri}/Recordings.json` },
  };
}

/** When each call was answered, in story milliseconds. */
const answeredAtMs = new WeakMap<Resource, number>();

export function startCall(twin: TwilioTwin, call: Resource): void {
  const { story } = twin.world.time;
  call.status = 'in-progress';
  call.start_time ??= nowIn(story);
  call.date_updated = nowIn(story);
  if (!answeredAtMs.has(call)) answeredAtMs.set(call, story.monotonicMs());
}

export function endCall(twin: TwilioTwin, call: Resource, status: string): void {
  const { story } = twin.world.time;
  const start = answeredAtMs.get(call);
  const seconds = start === undefined ? 0 : Math.max(1, Math.round((story.monotonicMs() - start) / 1000));
  call.status = status;
  call.start_time ??= nowIn(story);
  call.end_time = rfc2822(new Date(Date.parse(String(call.start_time)) + seconds * 1000));
  call.date_updated = nowIn(story);
  call.duration = String(status === 'completed' ? seconds : 0);
  call.price = status === 'completed' ? `-${(Math.ceil(seconds / 60) * 0.0085).toFixed(5)}` : null;
}

/** Notes an error (log 0) or a warning (log 1) of a call, as Twilio's debugger shows it. */
export function notify(
  twin: TwilioTwin,
  account: Account,
  given: { callSid: string; code: number; message: string; url: string; isWarning?: boolean },
): void {
  const sid = twin.random.sid('NO');
  const now = nowIn(twin.world.time.story);
  account.notifications.add({
    sid,
    account_sid: account.sid,
    call_sid: given.callSid,
    api_version: '2010-04-01',
    error_code: String(given.code),
    log: given.isWarning ? '1' : '0',
    message_text: given.message,
    message_date: now,
    more_info: `https://www.twilio.com/docs/errors/${given.code}`,
    request_method: 'POST',
    request_url: given.url,
    date_created: now,
    date_updated: now,
    uri: `${BASE}/Accounts/${account.sid}/Calls/${given.callSid}/Notifications/${sid}.json`,
  });
}
