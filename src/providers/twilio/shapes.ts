/** What Twilio answers, as far as AVA reads it. Unknown members are kept; numbers often come as text or null. */
import { z } from 'zod';

const text = z.string().nullish();
const whole = z.union([z.string(), z.number()]).nullish();
const sid = (prefix: string) => z.string().regex(new RegExp(`^${prefix}[0-9a-fA-F]{32}$`));

export const numberSchema = z.looseObject({
  sid: sid('PN'),
  account_sid: text,
  phone_number: z.string(),
  friendly_name: text,
  capabilities: z
    .looseObject({ voice: z.boolean().nullish(), sms: z.boolean().nullish(), mms: z.boolean().nullish() })
    .nullish(),
  voice_url: text,
  voice_method: text,
  voice_fallback_url: text,
  voice_fallback_method: text,
  voice_application_sid: text,
  trunk_sid: text,
  status_callback: text,
  status_callback_method: text,
  sms_url: text,
  sms_method: text,
  sms_fallback_url: text,
  sms_application_sid: text,
});

export const callSchema = z.looseObject({
  sid: sid('CA'),
  parent_call_sid: text,
  to: text,
  from: text,
  status: text,
  direction: text,
  start_time: text,
  end_time: text,
  duration: whole,
  price: whole,
  price_unit: text,
  answered_by: text,
  date_created: text,
});

export const messageSchema = z.looseObject({
  sid: sid('(SM|MM)'),
  to: text,
  from: text,
  status: text,
  direction: text,
  body: text,
  num_segments: whole,
  error_code: whole,
  error_message: text,
  date_created: text,
  date_sent: text,
});

/** The auth token that Twilio puts into this answer is dropped here. */
export const accountSchema = z.object({ sid: sid('AC'), friendly_name: text, status: text, type: text });

export const balanceSchema = z.object({ balance: z.string(), currency: z.string() });

export type TwilioNumber = z.infer<typeof numberSchema>;
export type TwilioCall = z.infer<typeof callSchema>;
export type TwilioMessage = z.infer<typeof messageSchema>;
export type TwilioAccount = z.infer<typeof accountSchema>;
export type TwilioBalance = z.infer<typeof balanceSchema>;
