/**
 * What Vapi answers, as far as AVA reads it. Loose on purpose: fields that are not named here are kept as they came,
 * so that writing an object back loses nothing.
 */
import { z } from 'zod';

const time = z.string().refine((text) => !Number.isNaN(Date.parse(text)), 'is not a time');
const base = { id: z.uuid(), orgId: z.string().optional(), createdAt: time, updatedAt: time };
const text = z.string().nullish();
const object = z.record(z.string(), z.unknown()).nullish();

export const assistantSchema = z.looseObject({
  ...base,
  name: text,
  firstMessage: text,
  firstMessageMode: text,
  model: object,
  voice: object,
  transcriber: object,
  server: object,
  serverMessages: z.array(z.string()).nullish(),
  metadata: object,
});

export const phoneNumberSchema = z.looseObject({
  ...base,
  number: text,
  provider: text,
  name: text,
  status: text,
  assistantId: text,
  twilioAccountSid: text,
});

export const callSchema = z.looseObject({
  ...base,
  type: text,
  status: text,
  endedReason: text,
  startedAt: text,
  endedAt: text,
  assistantId: text,
  phoneNumberId: text,
  phoneCallProviderId: text,
  customer: object,
  cost: z.number().nullish(),
  analysis: object,
  artifact: object,
  monitor: object,
  transport: object,
  phoneCallProviderDetails: object,
});

export type VapiAssistant = z.infer<typeof assistantSchema>;
export type VapiPhoneNumber = z.infer<typeof phoneNumberSchema>;
export type VapiCall = z.infer<typeof callSchema>;
