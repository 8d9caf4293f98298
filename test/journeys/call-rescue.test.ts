import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verbsOfTwiml } from '../../src/providers/twilio/twiml.ts';
import { type InProcess, startInProcess } from '../harness/in-process.ts';
import { printResult } from '../harness/result.ts';
import { until } from '../harness/until.ts';

let house: InProcess;
beforeAll(async () => {
  house = await startInProcess({ env: { CIRCUIT_BREAKER_RECOVERY_TIMEOUT: '1' } });
});
afterAll(() => house.stop());

const numberAtTwilio = async () => house.deps.twilio.getNumber((await house.deps.twilioOf(house.tenantId))!, house.sid);

describe('a caller whose assistant drops out', () => {
  it('is passed on to a person, and one whose talk had ended is not', { timeout: 60_000 }, async () => {
    const { control } = house.simulator;
    const dropped = await control.placeCall({
      to: house.number,
      script: { says: ['Hello', 'Are you there?'], aiDiesAfterSeconds: 3 },
    });
    expect(dropped).toMatchObject({ outcome: 'person', heardError: false });
    const id = await until('the call is known', () => house.deps.calls.findByVendorId(house.tenantId, dropped.callSid));
    const call = await until('the call has ended', async () => {
      const found = await house.deps.calls.get(house.tenantId, id);
      return found.status === 'ended' ? found : undefined;
    });
    expect(call).toMatchObject({
      outcome: 'person',
      route_reason: 'assistant_dropped',
      ended_reason_code: 'person_answered',
    });
    const finished = await control.placeCall({ to: house.number, script: { says: ['Hello'], endedBy: 'assistant' } });
    expect(finished).toMatchObject({ outcome: 'ai', heardError: false });
  });
});

describe('everything that AVA sets at Twilio', () => {
  it('is complete: voice, fallback with retries, status; and is set again when somebody changes it', async () => {
    const number = await numberAtTwilio();
    const isComplete =
      number.voice_url?.startsWith(`${house.url}/webhooks/twilio/voice#`) &&
      /rc=\d/.test(number.voice_url) &&
      /rt=\d/.test(number.voice_url) &&
      number.voice_fallback_url !== '' &&
      number.status_callback?.includes('/webhooks/twilio/status#');
    printResult({
      id: 'R24',
      value: isComplete ? 100 : 0,
      unit: '% complete at Twilio',
      goal: '100',
      floor: '100',
      pass: isComplete === true,
      n: 1,
    });
    expect(isComplete).toBe(true);
    const credential = (await house.deps.twilioOf(house.tenantId))!;
    await house.deps.twilio.updateNumber(credential, house.sid, { VoiceUrl: 'https://elsewhere.example/voice' });
    await house.deps.reassertNumbers();
    expect((await numberAtTwilio()).voice_url).toBe(number.voice_url);
  });
});

describe('a number in flip mode', () => {
  it(
    "is turned to AVA while Vapi's circuit is open, and back byte for byte when it closes",
    { timeout: 60_000 },
    async () => {
      const credential = (await house.deps.twilioOf(house.tenantId))!;
      const vapiUrl = `${house.simulator.vapi.baseUrl}/twilio/inbound_call?x=%20y&z=1#rc=1`;
      await house.route({ mode: 'off' });
      await house.deps.twilio.updateNumber(credential, house.sid, { VoiceUrl: vapiUrl, VoiceMethod: 'POST' });
      await house.route({ mode: 'flip' });
      expect((await numberAtTwilio()).voice_url).toBe(vapiUrl);
      house.deps.guard.isolate('vapi', { reason: 'test', author: 'test', forMs: null });
      await until('the number is turned', async () => (await numberAtTwilio()).voice_url?.startsWith(house.url));
      expect(await house.simulator.control.placeCall({ to: house.number })).toMatchObject({
        outcome: 'person',
        heardError: false,
      });
      house.deps.guard.close('vapi', { reason: 'test', author: 'test' });
      await until('the number is turned back', async () => (await numberAtTwilio()).voice_url === vapiUrl);
      await until('AVA knows', () => house.deps.routingTable.findBySid(house.sid)?.flipped === false);
      await house.route();
    },
  );
});

describe('while the database is away', () => {
  it(
    'a ringing call still gets its TwiML, other webhooks get 503, and the call is in the ledger afterwards',
    { timeout: 60_000 },
    async () => {
      await house.route({ assistant_id: null });
      const file = JSON.parse(readFileSync(path.join(house.dataDir, 'routing.json'), 'utf8'));
      expect(file.numbers).toMatchObject([{ sid: house.sid, phoneNumber: house.number }]);
      const params = (digit: string) => ({
        CallSid: `CA${digit.repeat(32)}`,
        From: '+12025550123',
        To: house.number,
        CallStatus: 'ringing',
        Direction: 'inbound',
      });
      house.cable.pull();
      const response = await house.twilio('voice', params('c'));
      expect([response.status, verbsOfTwiml(await response.text())]).toEqual([200, ['Dial']]);
      const status = await house.twilio('status', { ...params('d'), CallStatus: 'completed' });
      expect([status.status, status.headers.get('retry-after') !== null]).toEqual([503, true]);
      house.cable.plug();
      await until(
        'the call stands in the ledger',
        () => house.deps.calls.findByVendorId(house.tenantId, `CA${'c'.repeat(32)}`).catch(() => undefined),
        30_000,
      );
    },
  );
});
