import { makeMessage } from '../twilio/messages.ts';
import { findNumber } from '../twilio/numbers.ts';
import type { TextOrder } from './call.ts';
import type { Switchboard } from './live-call.ts';

/** Somebody sends a text to one of our numbers. Answers the status that the webhook got; 0 when there was none. */
export async function sendText(board: Switchboard, { to, from, body }: TextOrder): Promise<{ status: number }> {
  const account = board.twilio.accounts.find((candidate) => findNumber(candidate, to));
  const number = account && findNumber(account, to);
  if (!account || !number) throw new Error(`Nobody owns ${to}`);
  const sender = from ?? '+13035550199';
  const message = account.messages.add(
    makeMessage(board.twilio, account, { to, from: sender, body, direction: 'inbound' }),
  );
  const url = String(number.sms_url ?? '');
  if (!url) return { status: 0 };
  const params = {
    MessageSid: message.sid,
    SmsSid: message.sid,
    SmsMessageSid: message.sid,
    SmsStatus: 'received',
    AccountSid: account.sid,
    ApiVersion: '2010-04-01',
    From: sender,
    To: to,
    Body: body,
    NumMedia: '0',
    NumSegments: '1',
  };
  const answer = await board.requests.send({ account, url, method: String(number.sms_method ?? 'POST'), params });
  return { status: answer.status ?? 0 };
}
