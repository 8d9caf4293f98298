import { createHash } from 'node:crypto';
import fc from 'fast-check';
import webhooks from 'twilio/lib/webhooks/webhooks.js';
import { describe, expect, it } from 'vitest';
import { isSignedByTwilio, type Params, twilioSignature } from './signature.ts';

const url = 'https://example.com/myapp.php?foo=1&bar=2';
const params = {
  CallSid: 'CA1234567890ABCDE',
  Caller: '+14158675310',
  Digits: '1234',
  From: '+14158675310',
  To: '+18005551212',
};
const form = (over: { url?: string; params?: Params; signatures?: string[] } = {}) => ({
  method: 'POST',
  url: over.url ?? url,
  signatures: over.signatures ?? ['L/OH5YylLD5NRKLltdqwSvS0BnU='],
  body: { kind: 'form' as const, params: over.params ?? params },
});

describe('the signature of Twilio', () => {
  it('matches the published vectors for a form, a GET and a JSON body', () => {
    expect(isSignedByTwilio(form(), ['12345'])).toBe(true);
    const get = {
      method: 'GET',
      url: 'https://example.com/v?CallSid=CA1&From=%2B15005550006',
      signatures: ['EK6QWjUVfVAKfAvZ0jde1LZ2BcA='],
      body: { kind: 'none' as const },
    };
    expect(isSignedByTwilio(get, ['12345'])).toBe(true);
    const raw = Buffer.from('{"property":"value","boolean":true}');
    const hash = 'd5729c000e5de6b3a10698fec78d482db85d744f1be820d1382b6bda1cfb7795';
    const json = {
      method: 'POST',
      url: `${url}&bodySHA256=${hash}`,
      signatures: ['eehDF0c7hc5z0cjh2kp9m53wRsc='],
      body: { kind: 'json' as const, raw },
    };
    expect(isSignedByTwilio(json, ['12345'])).toBe(true);
    expect(isSignedByTwilio({ ...json, body: { kind: 'json', raw: Buffer.from('{}') } }, ['12345'])).toBe(false);
  });

  it('agrees with the library of the vendor on any parameters', () => {
    const value = fc.string({ unit: 'grapheme', maxLength: 20 });
    fc.assert(
      fc.property(
        fc.dictionary(fc.stringMatching(/^[A-Za-z0-9_]{1,12}$/), value),
        fc.string({ minLength: 1 }),
        (given, token) => {
          const expected = webhooks.getExpectedTwilioSignature(token, url, given);
          expect(twilioSignature(token, url, given)).toBe(expected);
          expect(isSignedByTwilio(form({ params: given, signatures: [expected] }), [token])).toBe(true);
        },
      ),
    );
  });

  it('is accepted with and without the port, as the library does', () => {
    for (const [configured, signed] of [
      ['https://example.com:443/v', 'https://example.com/v'],
      ['https://example.com/v', 'https://example.com:443/v'],
      ['http://127.0.0.1:8000/v?x=1', 'http://127.0.0.1:8000/v?x=1'],
    ] as const) {
      const signature = twilioSignature('t', signed, params);
      expect(webhooks.validateRequest('t', signature, configured, params)).toBe(true);
      expect(isSignedByTwilio(form({ url: configured, signatures: [signature] }), ['t'])).toBe(true);
    }
  });

  it('is accepted from any of several tokens while one replaces the other', () => {
    expect(isSignedByTwilio(form(), ['new', '12345'])).toBe(true);
    expect(isSignedByTwilio(form(), ['new', 'other'])).toBe(false);
  });

  it('is refused when anything at all differs', () => {
    const hash = createHash('sha1').digest('base64');
    const wrong = [
      form({ signatures: [] }),
      form({ signatures: [''] }),
      form({ signatures: [hash] }),
      form({ signatures: ['L/OH5YylLD5NRKLltdqwSvS0BnU=', 'L/OH5YylLD5NRKLltdqwSvS0BnU='] }),
      form({ url: url.replace('https', 'http') }),
      form({ url: url.replace('.php', '.php/') }),
      form({ url: `${url}&baz=3` }),
      form({ params: { ...params, Extra: '1' } }),
      form({ params: { ...params, To: '+18005551213' } }),
    ];
    for (const request of wrong) expect(isSignedByTwilio(request, ['12345'])).toBe(false);
  });

  it('never accepts what an empty token would have signed', () => {
    const forged = twilioSignature('', url, params);
    expect(isSignedByTwilio(form({ signatures: [forged] }), ['', ''])).toBe(false);
    expect(isSignedByTwilio(form({ signatures: [forged] }), [])).toBe(false);
  });
});
