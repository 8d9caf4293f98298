import type { Account } from '../twilio/account.ts';
import { findNumber } from '../twilio/numbers.ts';
import { nowIn } from '../twilio/records.ts';
import type { TwilioTwin } from '../twilio/twin.ts';
import type { NumberImport, Phones } from '../vapi/twin.ts';
import type { Switchboard } from './live-call.ts';
import { dialForVapi } from './outbound.ts';

/** What Vapi does at Twilio: takes numbers over, gives them back, rings people. */
export function createPhones(board: Switchboard): Phones {
  const { twilio } = board;
  return {
    importNumber: (order) => importNumber(twilio, order),
    releaseNumber({ accountSid, number }) {
      const account = accountOf(twilio, accountSid);
      const found = account && findNumber(account, number);
      if (found) Object.assign(found, { voice_url: '', status_callback: '', sms_url: '' });
    },
    dialOut(order) {
      const account = accountOf(twilio, order.accountSid);
      if (account) board.track(dialForVapi(board, { ...order, account }));
    },
  };
}

function accountOf(twilio: TwilioTwin, sid: string): Account | undefined {
  return twilio.accounts.find((candidate) => candidate.sid === sid);
}

function importNumber(twilio: TwilioTwin, order: NumberImport): 'imported' | 'unauthorised' | 'unknown_number' {
  const account = accountOf(twilio, order.accountSid);
  const secrets = account ? [account.authToken, ...account.keys.values()] : [];
  if (!account || !secrets.includes(order.secret)) return 'unauthorised';
  const number = findNumber(account, order.number);
  if (!number) return 'unknown_number';
  Object.assign(number, {
    voice_url: order.voiceUrl,
    voice_method: 'POST',
    status_callback: order.statusCallback,
    status_callback_method: 'POST',
    date_updated: nowIn(twilio.world.time.story),
    ...(order.smsUrl && { sms_url: order.smsUrl, sms_method: 'POST' }),
  });
  return 'imported';
}
