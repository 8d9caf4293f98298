import type { FastifyInstance } from 'fastify';
import { accountOf, BASE, type TwilioTwin } from './twin.ts';

const OFFERED = 5;

/** Numbers for sale: a few, always on one page. */
export function availableNumberRoutes(app: FastifyInstance, twin: TwilioTwin): void {
  for (const kind of ['Local', 'TollFree', 'Mobile']) {
    app.get(`${BASE}/Accounts/:accountSid/AvailablePhoneNumbers/:country/${kind}.json`, (request) => {
      accountOf(twin, request);
      const { country } = request.params as { country: string };
      const { AreaCode } = request.query as { AreaCode?: string };
      const numbers = AreaCode === '533' ? [] : offer(country, kind, AreaCode);
      return { available_phone_numbers: numbers, uri: request.url, page: 0, page_size: 50 };
    });
  }
}

function offer(country: string, kind: string, areaCode: string | undefined): unknown[] {
  const prefix = country === 'GB' ? '+44207946' : `+1${areaCode ?? (kind === 'TollFree' ? '800' : '415')}555`;
  return Array.from({ length: OFFERED }, (_, index) => {
    const phoneNumber = `${prefix}01${String(40 + index)}`;
    return {
      friendly_name: phoneNumber,
      phone_number: phoneNumber,
      lata: null,
      locality: null,
      rate_center: null,
      latitude: null,
      longitude: null,
      region: null,
      postal_code: null,
      iso_country: country,
      address_requirements: 'none',
      beta: false,
      capabilities: { voice: true, sms: true, mms: true, fax: false },
    };
  });
}
