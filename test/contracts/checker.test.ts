import { expect, test } from 'vitest';
import { createContractChecker } from './checker.ts';

const checker = createContractChecker();
for (const sentence of checker.leftOut) console.log(`Left out: ${sentence}`);

const request = { headers: {}, query: {} };
const account = `/2010-04-01/Accounts/AC${'0'.repeat(32)}`;

test('without the documents nothing is checked, and that is said', () => {
  const blind = createContractChecker('/nowhere');
  expect(blind.isAvailable).toBe(false);
  expect(blind.leftOut).toHaveLength(1);
  expect(blind.requestProblems('vapi', { ...request, method: 'GET', path: '/settings', body: undefined })).toEqual([]);
});

test.skipIf(!checker.isAvailable).each([
  ['vapi', 'POST', '/assistant', { name: 'Desk', maxDurationSeconds: 900 }],
  ['vapi', 'PATCH', '/assistant/0d6f2b1e-4a56-4f0e-9a57-0c6c7a3f1b11', { firstMessage: 'Hello' }],
  ['vapi', 'GET', '/assistant/0d6f2b1e-4a56-4f0e-9a57-0c6c7a3f1b11', undefined],
  ['twilio', 'POST', `${account}/Messages.json`, { To: '+15005550006', From: '+15005550006', Body: 'Hi' }],
  ['twilio', 'POST', `${account}/Calls.json`, { To: '+1', From: '+1', Url: 'http://a/b', Timeout: '20' }],
] as const)('%s: %s %s with what the document allows is fine', (vendor, method, path, body) => {
  expect(checker.requestProblems(vendor, { ...request, method, path, body })).toEqual([]);
});

test.skipIf(!checker.isAvailable).each([
  ['vapi', 'GET', '/settings', undefined, 'does not document'],
  ['vapi', 'POST', '/assistant', { name: 'x'.repeat(41) }, '/name'],
  ['vapi', 'POST', '/assistant', { voice: { provider: '11labs', voiceId: 'a', speed: 9 } }, '/voice'],
  ['vapi', 'POST', '/call', { customer: { number: 1 } }, '/customer/number'],
  ['twilio', 'POST', `${account}/Calls.json`, { To: '+1', From: '+1', url: 'http://a/b' }, 'url is not documented'],
  ['twilio', 'POST', `${account}/Calls.json`, { From: '+1', Url: 'http://a/b' }, "'To'"],
  ['twilio', 'POST', `${account}/Calls.json`, { To: '+1', From: '+1', Timeout: 'soon' }, '/Timeout'],
] as const)('%s: %s %s with something else is a problem', (vendor, method, path, body, problem) => {
  const problems = checker.requestProblems(vendor, { ...request, method, path, body });
  expect(problems.join('\n')).toContain(problem);
});

test.skipIf(!checker.isAvailable)('a query parameter that is not documented is a problem', () => {
  const asked = { ...request, method: 'GET', path: '/assistant', body: undefined };
  expect(checker.requestProblems('vapi', { ...asked, query: { limit: '10' } })).toEqual([]);
  expect(checker.requestProblems('vapi', { ...asked, query: { limit: 'many' } })).not.toEqual([]);
  expect(checker.requestProblems('vapi', { ...asked, query: { status: 'ended' } })).not.toEqual([]);
});
