import { expect, test } from 'vitest';
import { overridesOf } from './overrides.ts';
import { parseTwiml } from './twiml.ts';

test('verbs, attributes, nouns and escaped words are read', () => {
  const { verbs, warnings } = parseTwiml(`<?xml version="1.0" encoding="UTF-8"?>
    <!-- by hand -->
    <Response>
      <Dial timeout="20" action="/after?a=1&amp;b=2"><Number url='x'>+15005550006</Number></Dial>
      <Say>Tom &amp; Jerry &lt;3 &#233;<![CDATA[ & co]]></Say>
    </Response>`);
  expect(warnings).toEqual([]);
  expect(verbs[0]).toMatchObject({
    name: 'Dial',
    attributes: { timeout: '20', action: '/after?a=1&b=2' },
    children: [{ name: 'Number', body: '+15005550006' }],
  });
  expect(verbs[1]?.body).toBe('Tom & Jerry <3 é & co');
});

test.each([
  ['nothing', ''],
  ['no XML', 'Hello'],
  ['another root', '<response/>'],
  ['an open element', '<Response><Say>Hello</Response>'],
  ['a bare ampersand', '<Response><Say>a & b</Say></Response>'],
  ['an unknown entity', '<Response><Say>&nbsp;</Say></Response>'],
  ['an unquoted attribute', '<Response><Dial timeout=20/></Response>'],
  ['an attribute twice', '<Response><Dial timeout="1" timeout="2"/></Response>'],
  ['a document type', '<!DOCTYPE Response [<!ENTITY x "y">]><Response/>'],
  ['something after the end', '<Response/><Response/>'],
  ['a bare < in an attribute', '<Response><Dial action="a<b"/></Response>'],
])('%s is refused', (_what, source) => {
  expect(() => parseTwiml(source)).toThrow();
});

test('what Twilio does not know is a warning', () => {
  const { verbs, warnings } = parseTwiml('<Response><Say mood="happy">Hi</Say><Dance/></Response>');
  expect(warnings).toHaveLength(2);
  expect(verbs.map(({ name }) => name)).toEqual(['Say']);
});

test('overrides in an address have defaults and bounds', () => {
  const usual = overridesOf('https://a.example/voice');
  expect(usual).toMatchObject({ connectTimeoutMs: 5000, readTimeoutMs: 15_000, retries: 1 });
  expect(usual?.retryOn).toEqual(new Set(['ct']));
  const given = overridesOf('https://a.example/voice#ct=2000&rt=4000&tt=8000&rc=0&rp=5xx,ct,rt');
  expect(given).toMatchObject({ connectTimeoutMs: 2000, readTimeoutMs: 4000, totalTimeoutMs: 8000, retries: 0 });
  expect(given?.retryOn).toEqual(new Set(['5xx', 'ct', 'rt']));
  for (const bad of ['rc=6', 'rt=20000', 'ct=1', 'rp=sometimes']) {
    expect(overridesOf(`https://a.example/voice#${bad}`)).toBeUndefined();
  }
});
