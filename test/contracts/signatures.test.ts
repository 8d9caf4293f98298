import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { signRequest } from '../../src/simulator/telephony/signature.ts';

const { getExpectedTwilioSignature } = createRequire(import.meta.url)('twilio/lib/webhooks/webhooks.js') as {
  getExpectedTwilioSignature(token: string, url: string, params: Record<string, string>): string;
};

const params = {
  CallSid: 'CA1234567890ABCDE',
  Caller: '+14158675310',
  Digits: '1234',
  From: '+14158675310',
  To: '+18005551212',
};

test.each([
  ['a form', 'https://example.com/myapp.php?foo=1&bar=2', params, 'L/OH5YylLD5NRKLltdqwSvS0BnU='],
  ['a query', 'https://example.com/v?CallSid=CA1&From=%2B15005550006', {}, 'EK6QWjUVfVAKfAvZ0jde1LZ2BcA='],
  [
    'a JSON body',
    'https://example.com/myapp.php?foo=1&bar=2&bodySHA256=d5729c000e5de6b3a10698fec78d482db85d744f1be820d1382b6bda1cfb7795',
    {},
    'eehDF0c7hc5z0cjh2kp9m53wRsc=',
  ],
])('the published vector for %s holds', (_what, url, given, signature) => {
  expect(signRequest('12345', url, given)).toBe(signature);
});

test('the twin signs as the vendor SDK does, and leaves a fragment out', () => {
  const url = 'https://ava.example.test/voice?x=1';
  const odd = { Body: 'ü & <b>  spaced ', b: 'lower', B: 'upper', Empty: '' };
  expect(signRequest('token', url, odd)).toBe(getExpectedTwilioSignature('token', url, odd));
  expect(signRequest('token', `${url}#rc=2`, odd)).toBe(signRequest('token', url, odd));
});
