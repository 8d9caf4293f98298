import type { Credentials } from '../features/credentials/credentials.ts';
import type { Probe } from '../features/system/probing.ts';
import type { TwilioRest } from '../providers/twilio/rest.ts';
import type { Vapi } from '../providers/vapi/vapi.ts';

/** Something cheap to ask each vendor; without a credential there is nobody to ask for. */
export function probesOf(parts: { credentials: Credentials; vapi: Vapi; twilio: TwilioRest }): Record<string, Probe> {
  const { credentials, vapi, twilio } = parts;
  return {
    async vapi(tenant) {
      const found = await credentials.forTenant(tenant, 'vapi');
      if (found) await vapi.probe({ ...found, key: found.fingerprint, tenant }, { lane: 'job' });
    },
    async twilio(tenant) {
      const found = await credentials.forTenant(tenant, 'twilio');
      if (found) await twilio.probe({ ...found, key: found.fingerprint, tenant }, { lane: 'job' });
    },
  };
}
