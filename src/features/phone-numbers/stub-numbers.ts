import { createHash } from 'node:crypto';
import type { PhoneNumber } from './contract.ts';

/** What stands in for Twilio's list in stub mode: two invented numbers of the range that is kept for fiction. */
export function stubNumbers(tenantId: string): PhoneNumber[] {
  return ['+12025550100', '+12025550101'].map((number, index) => ({
    sid: `PN${createHash('sha256').update(`${tenantId} ${index}`).digest('hex').slice(0, 32)}`,
    phone_number: number,
    friendly_name: `Stub number ${index + 1}`,
    capabilities: { voice: true, sms: true, mms: false },
    voice_url: null,
    voice_fallback_url: null,
    status_callback: null,
    sms_url: null,
    assistant_id: null,
    routing_mode: null,
    vapi_phone_number_id: null,
    problems: [],
    updated_at: null,
    stub: true,
  }));
}
