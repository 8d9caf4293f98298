import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../../../test/harness/until.ts';
import { startAva, type AvaUnderTest } from '../../../test/harness/ava.ts';

let ava: AvaUnderTest;
let owner: Awaited<ReturnType<AvaUnderTest['owner']>>;

beforeAll(async () => {
  ava = await startAva({ env: { RATE_LIMIT_PER_MINUTE: '100000', CIRCUIT_BREAKER_ENABLED: 'false' } });
  owner = await ava.owner();
});
afterAll(() => ava?.stop());
beforeEach(() => ava.simulator.control.clearFaults());

const NUMBERS = '/api/v1/twilio/numbers';
const json = async (path: string, init?: RequestInit): Promise<{ status: number; body: any }> => {
  const answer = await owner.fetch(path, init);
  return { status: answer.status, body: await answer.json() };
};
const post = (path: string, body: unknown) =>
  json(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
const atTwilio = () => {
  const { accountSid } = ava.simulator.twilio;
  const auth = `Basic ${Buffer.from(`${accountSid}:${ava.simulator.twilio.authToken}`).toString('base64')}`;
  const url = `${ava.simulator.twilio.baseUrl}/2010-04-01/Accounts/${accountSid}/IncomingPhoneNumbers.json`;
  return fetch(url, { headers: { authorization: auth } }).then((answer) => answer.json() as Promise<any>);
};
const clientLines = () => ava.lines().filter((line) => String(line['msg']).startsWith('Twilio client '));

describe('the numbers of a Twilio account', () => {
  test('are listed by number and paged', async () => {
    const { status, body } = await json(NUMBERS);
    expect(status).toBe(200);
    expect(body).toMatchObject({ stale: false, next_cursor: null });
    expect(body.numbers.map((one: any) => one.phone_number).toSorted()).toEqual(
      ava.simulator.twilio.numbers.toSorted(),
    );
    expect(body.numbers[0]).toMatchObject({
      sid: expect.stringMatching(/^PN[0-9a-f]{32}$/),
      capabilities: { voice: true },
      assistant_id: null,
      routing_mode: null,
      vapi_phone_number_id: null,
      problems: [],
    });
    const first = (await json(`${NUMBERS}?limit=3`)).body;
    const rest = (await json(`${NUMBERS}?limit=3&cursor=${encodeURIComponent(first.next_cursor)}`)).body;
    expect([...first.numbers, ...rest.numbers]).toEqual(body.numbers);
    expect(rest.next_cursor).toBeNull();
  });

  test('one client per credential is used again, one line and one count for each request', async () => {
    await json(NUMBERS);
    const asked = Array.from({ length: 12 }, (_, index) => `pool-${index}`);
    for (const id of asked) await json(NUMBERS, { headers: { 'x-correlation-id': id } });
    const ofThese = () => clientLines().filter((line) => asked.includes(String(line['X-Correlation-ID'])));
    const lines = await until('the log has every line', () => (ofThese().length >= 12 ? ofThese() : undefined));
    expect(lines.map((line) => [line['X-Correlation-ID'], line['msg']])).toEqual(
      asked.map((id) => [id, 'Twilio client cached']),
    );
    const metrics = await (await fetch(`${ava.url}/metrics`)).text();
    const count = (result: string) =>
      Number(new RegExp(`twilio_client_cache_total{result="${result}"} (\\d+)`).exec(metrics)?.[1] ?? 0);
    const words = clientLines().map((line) => line['msg']);
    expect(count('hit')).toBe(words.filter((word) => word === 'Twilio client cached').length);
    expect(count('miss')).toBe(words.filter((word) => word === 'Twilio client created').length);
    expect(count('hit') / (count('hit') + count('miss'))).toBeGreaterThan(0.9);
  });

  test('are served from the last known copy while Twilio is away', async () => {
    const { body: fresh } = await json(NUMBERS);
    ava.simulator.control.addFault({ vendor: 'twilio', kind: 'status', status: 503 });
    const { status, body } = await json(NUMBERS);
    expect(status).toBe(200);
    expect(body.stale).toBe(true);
    expect(Date.parse(body.as_of)).toBeGreaterThan(0);
    expect(body.numbers).toEqual(fresh.numbers);
    const sid = fresh.numbers[0].sid;
    expect((await json(`${NUMBERS}/${sid}`)).body).toMatchObject({ stale: true, number: { sid } });
  });

  test('a rejected credential is told, and an unknown number is not found', async () => {
    ava.simulator.control.addFault({
      vendor: 'twilio',
      kind: 'status',
      status: 401,
      body: '{"code":20003,"status":401}',
    });
    const { status, body } = await json(NUMBERS);
    expect([status, body.code]).toEqual([401, 'twilio_credentials_rejected']);
    ava.simulator.control.clearFaults();
    expect((await json(`${NUMBERS}/PN${'0'.repeat(32)}`)).status).toBe(404);
    expect((await json(`${NUMBERS}/..%2F..%2FCalls`)).status).toBe(422);
  });

  test('a number is brought to Vapi once, with its messages left to Twilio and AVA behind it', async () => {
    const { numbers } = (await json(NUMBERS)).body;
    const [number] = numbers;
    const { status, body } = await post(`${NUMBERS}/${number.sid}/import`, { reason: 'go live' });
    expect(status).toBe(200);
    expect(body.number).toMatchObject({ routing_mode: 'flip', vapi_phone_number_id: expect.any(String) });
    expect(body.number.assistant_id).toBe(ava.simulator.vapi.assistantId);
    const after = (await atTwilio()).incoming_phone_numbers.find((one: any) => one.sid === number.sid);
    expect(after.voice_url).toContain('/twilio/inbound_call');
    // As patient as with the first address: the last way out must not hang on one connection.
    expect(after.voice_fallback_url).toMatch(new RegExp(`^${ava.url}/webhooks/twilio/fallback#.*rc=2`));
    expect(after.sms_url ?? '').toBe(number.sms_url ?? '');

    const again = await post(`${NUMBERS}/${number.sid}/import`, {});
    expect(again.body.number.vapi_phone_number_id).toBe(body.number.vapi_phone_number_id);
    const imports = ava.simulator.control.countRequests({ vendor: 'vapi', operation: 'POST /phone-number' });
    expect(imports).toBe(1);
  });
});
