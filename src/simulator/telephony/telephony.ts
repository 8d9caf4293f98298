import type { Random } from '../random.ts';
import { findNumber } from '../twilio/numbers.ts';
import { nowIn } from '../twilio/records.ts';
import type { TwilioTwin } from '../twilio/twin.ts';
import type { NumberImport, Phones, VapiTwin } from '../vapi/twin.ts';
import type { WebhookTrouble } from '../vapi/webhooks.ts';
import type { World } from '../world.ts';
import type { CallOrder, CallResult, TextOrder } from './call.ts';
import { createPeople, type People } from './people.ts';

export type Telephony = {
  people: People;
  results: CallResult[];
  webhooks: { trouble(trouble: WebhookTrouble): void };
  placeCall(order: CallOrder): Promise<CallResult>;
  sendText(order: TextOrder): Promise<{ status: number }>;
  dropConversations(): void;
  liveCalls(): number;
  settled(): Promise<void>;
  stop(): void;
};

type Parts = { world: World; vapi: VapiTwin; twilio: TwilioTwin; random: Random };

export function connectTelephony({ vapi, twilio }: Parts): Telephony {
  vapi.phones = { ...phonesOf(twilio), dialOut: () => {} };
  const notYet = () => Promise.reject(new Error('Calls cannot be placed yet'));
  return {
    people: createPeople(),
    results: [],
    webhooks: { trouble: () => {} },
    placeCall: notYet,
    sendText: notYet,
    dropConversations: () => {},
    liveCalls: () => 0,
    settled: () => Promise.resolve(),
    stop: () => {},
  };
}

/** What Vapi does at Twilio when a number is imported and given back. */
function phonesOf(twilio: TwilioTwin): Omit<Phones, 'dialOut'> {
  return {
    importNumber: (order) => importNumber(twilio, order),
    releaseNumber({ accountSid, number }) {
      const account = twilio.accounts.find((candidate) => candidate.sid === accountSid);
      const found = account && findNumber(account, number);
      if (found) Object.assign(found, { voice_url: '', status_callback: '', sms_url: '' });
    },
  };
}

function importNumber(twilio: TwilioTwin, order: NumberImport): 'imported' | 'unauthorised' | 'unknown_number' {
  const account = twilio.accounts.find((candidate) => candidate.sid === order.accountSid);
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
