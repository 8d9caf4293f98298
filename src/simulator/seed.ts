import type { Account } from './twilio/account.ts';
import type { TwilioTwin } from './twilio/twin.ts';
import type { Org, Stored } from './vapi/store.ts';
import type { VapiTwin } from './vapi/twin.ts';

export type Seeded = { org: Org; assistant: Stored; account: Account; numbers: string[] };

const numbers = [
  { phoneNumber: '+12025550101', friendlyName: 'Front desk' },
  { phoneNumber: '+12025550102', friendlyName: 'Bookings' },
  { phoneNumber: '+13125550103', friendlyName: 'Clinic north' },
  { phoneNumber: '+442079460104', friendlyName: 'London office' },
];

/** What is there at the start: one organisation with one assistant, one account with four numbers, one test account. */
export function seedTwins(vapi: VapiTwin, twilio: TwilioTwin, concurrencyLimit = 10): Seeded {
  const org = vapi.addOrg({ name: 'Birch Dental', concurrencyLimit });
  const assistant = org.assistants.add({
    name: 'Birch front desk',
    firstMessage: 'Good morning, Birch Dental, how can I help?',
    firstMessageMode: 'assistant-speaks-first',
    maxDurationSeconds: 900,
    model: {
      provider: 'openai',
      model: 'gpt-4.1',
      temperature: 0.3,
      maxTokens: 250,
      messages: [{ role: 'system', content: 'You answer calls for a dental clinic.' }],
    },
    voice: { provider: '11labs', voiceId: 'sarah', speed: 1 },
    transcriber: { provider: 'deepgram', model: 'nova-3', language: 'en' },
    artifactPlan: { recordingEnabled: true, transcriptPlan: { enabled: true } },
  });
  const account = twilio.addAccount({ friendlyName: 'Birch Dental', numbers });
  twilio.addAccount({ friendlyName: 'Test credentials', isTest: true });
  return { org, assistant, account, numbers: numbers.map((number) => number.phoneNumber) };
}
