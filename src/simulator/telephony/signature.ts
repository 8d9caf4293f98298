import { createHmac } from 'node:crypto';

/** Twilio's `X-Twilio-Signature`: the address as configured, then each form parameter by name (contracts/twilio.md 3.5). */
export function signRequest(authToken: string, url: string, params: Record<string, string> = {}): string {
  const names = Object.keys(params).sort();
  const data = names.reduce((text, name) => text + name + params[name], withoutFragment(url));
  return createHmac('sha1', authToken).update(data, 'utf8').digest('base64');
}

export function withoutFragment(url: string): string {
  return url.split('#', 1)[0] ?? url;
}
