import { flag, freeObject, list, number, object, oneOf, type Rule, text } from './rules.ts';

/** Where Vapi sends its webhooks, and how stubbornly (contracts/vapi.md section 5). */
const serverUrl: Rule = (value, at, problems) => {
  if (!isServerUrl(value))
    problems.push(`${at.path ? `${at.path}.` : ''}${at.name} must be a valid https:// or wss:// URL`);
};

/** Plain http is let through on the loopback only, where no certificate can be had. */
function isServerUrl(value: unknown): boolean {
  if (typeof value !== 'string' || !URL.canParse(value)) return false;
  const { protocol, hostname } = new URL(value);
  const onLoopback = ['127.0.0.1', 'localhost', '[::1]'].includes(hostname);
  return protocol === 'https:' || protocol === 'wss:' || (protocol === 'http:' && onLoopback);
}

export const backoffPlan = object(
  {
    type: oneOf('fixed', 'exponential'),
    maxRetries: number(0, 10),
    baseDelaySeconds: number(0, 10),
    excludedStatusCodes: list(number()),
  },
  ['type', 'maxRetries', 'baseDelaySeconds'],
);

export const server = object({
  url: serverUrl,
  timeoutSeconds: number(1, 300),
  credentialId: text(),
  headers: freeObject,
  backoffPlan,
  staticIpAddressesEnabled: flag,
  encryptedPaths: list(text()),
});
