/** Twilio's word that a call has ended, signed for the address that AVA is reached under. */
import { randomUUID } from 'node:crypto';
import { signRequest } from '../../src/simulator/telephony/signature.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';

export type StatusWebhook = { path: string; headers: Record<string, string>; body: string };

export function statusWebhook(simulator: Simulator, url: string): StatusWebhook {
  const { accountSid, authToken, numbers } = simulator.twilio;
  const params = {
    AccountSid: accountSid,
    CallSid: `CA${randomUUID().replaceAll('-', '')}`,
    CallStatus: 'completed',
    To: numbers[0]!,
    From: '+15005550001',
  };
  const path = '/webhooks/twilio/status';
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    'x-twilio-signature': signRequest(authToken, `${url}${path}`, params),
  };
  return { path, headers, body: new URLSearchParams(params).toString() };
}
