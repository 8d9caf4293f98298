import fc from 'fast-check';
import VoiceResponse from 'twilio/lib/twiml/VoiceResponse.js';
import { describe, expect, it } from 'vitest';
import { appendToTwiml, escapeXml, renderTwiml, verbsOfTwiml } from './twiml.ts';

describe('TwiML that AVA writes', () => {
  it('says the same as the library of the vendor for a person, a voicemail and a sentence', () => {
    const theirs = new VoiceResponse();
    theirs.say({ language: 'de-DE' }, 'Guten Tag & willkommen');
    theirs
      .dial({ timeout: 20, answerOnBridge: true, action: 'https://a.example/after?step=dial&i=1' })
      .number({ url: 'https://a.example/whisper' }, '+15005550006');
    theirs.hangup();
    const ours = renderTwiml([
      { say: 'Guten Tag & willkommen', language: 'de-DE' },
      {
        dial: [{ number: '+15005550006', whisperUrl: 'https://a.example/whisper' }],
        timeoutSeconds: 20,
        action: 'https://a.example/after?step=dial&i=1',
      },
      { hangup: true },
    ]);
    expect(ours).toBe(theirs.toString());
  });

  it('never lets words become a verb, whatever they are', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (words) => {
        const document = renderTwiml([{ say: `x${words}`, language: words }, { hangup: true }]);
        expect(verbsOfTwiml(document)).toEqual(['Say', 'Hangup']);
      }),
      { numRuns: 500 },
    );
    expect(renderTwiml([{ say: '</Say><Dial>+1900</Dial>' }])).not.toContain('<Dial>');
    expect(escapeXml('a\u0000b\u001b[31m\uD800')).toBe('ab[31m\uFFFD');
  });
});

describe('TwiML that another party wrote', () => {
  it('is taken when it is one well-formed response with a verb', () => {
    const good =
      '<?xml version="1.0" encoding="UTF-8"?>\n<Response><Connect><Stream url="wss://x.example/a?b=1&amp;c=2"/></Connect></Response>\n';
    expect(verbsOfTwiml(good)).toEqual(['Connect']);
    const rescued = appendToTwiml(good, [{ redirect: 'https://a.example/after?step=ai' }]);
    expect(verbsOfTwiml(rescued)).toEqual(['Connect', 'Redirect']);
  });

  it.each([
    '',
    'Hello',
    '<html><body>502 Bad Gateway</body></html>',
    '<Response/>',
    '<Response></Response>',
    '<Response><Say>half',
    '<Response><Say>x</Dial></Response>',
    '<Response><Say>a & b</Say></Response>',
    '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><Response><Say>&x;</Say></Response>',
    '<Response><Say>x</Say></Response><Response><Say>y</Say></Response>',
    '<Response><Say>x</Say></Response>trailing',
    '<Response><Say a=b>x</Say></Response>',
    `<Response>${'<Say>'.repeat(40)}</Response>`,
    `<Response><Say>${'x'.repeat(70_000)}</Say></Response>`,
  ])('is refused when it is nonsense: %s', (text) => {
    expect(verbsOfTwiml(text)).toBeUndefined();
  });

  it('is refused when it was made to keep a pattern matcher busy', () => {
    expect(verbsOfTwiml(`<Response><Say ${'a="" '.repeat(12_000)}`)).toBeUndefined();
  });
});
