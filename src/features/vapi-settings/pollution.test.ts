import { afterAll, beforeAll, expect, test } from 'vitest';
import { printResult } from '../../../test/harness/result.ts';
import { startVapiHouse, type VapiHouse } from '../../../test/harness/vapi-house.ts';

let house: VapiHouse;

beforeAll(async () => {
  house = await startVapiHouse();
  await house.newTenant();
});
afterAll(() => house?.close());

const SETTINGS = '/api/v1/vapi/settings';

test('no setting, query or answer of Vapi changes what every object inherits', async () => {
  const poison = JSON.parse(
    '{"__proto__":{"polluted":"yes"},"constructor":{"prototype":{"polluted":"yes"}}}',
  ) as object;
  const id = house.makeAssistant({ metadata: { ava_settings: poison, ...poison }, artifactPlan: poison });
  const raw = (body: string) => house.call('PUT', `${SETTINGS}/note`, JSON.parse(body) as unknown);
  await house.call('GET', SETTINGS);
  await house.call('GET', `${SETTINGS}?__proto__[polluted]=yes`);
  await raw('{"value":{"__proto__":{"polluted":"yes"}}}');
  await raw('{"value":{"constructor":{"prototype":{"polluted":"yes"}}}}');
  await house.call('PUT', `${SETTINGS}/constructor`, { value: { prototype: { polluted: 'yes' } } });
  await house.call('PUT', `${SETTINGS}/enable_transcription`, { value: true });
  await house.call('POST', `${SETTINGS}/drift`, { action: 'adopt' });
  await house.call('PATCH', `/api/v1/assistants/${id}`, { name: 'Still here' });

  const polluted = ({} as Record<string, unknown>)['polluted'] === undefined ? 0 : 1;
  printResult({ id: 'S17', value: polluted, unit: 'polluted', goal: '0', floor: '0', pass: polluted === 0, n: 8 });
  expect(polluted).toBe(0);
  const { body } = await house.call('GET', `${SETTINGS}/constructor`);
  expect(body.setting.value).toEqual({ prototype: { polluted: 'yes' } });
});
