/** Text that no database keeps, in webhooks that were proved: they are taken, and what can be kept of them is kept. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type InProcess, startInProcess } from '../harness/in-process.ts';

let house: InProcess;
beforeAll(async () => {
  house = await startInProcess();
});
afterAll(() => house?.stop());

it('a NUL in any field of Twilio: what was signed is kept, and no statement is asked for a NUL', async () => {
  const call = { CallSid: `CA${'1'.repeat(32)}`, From: '+12025550111', To: house.number, CallStatus: 'ringing' };
  const text = { MessageSid: `SM${'2'.repeat(32)}`, Body: 'Hello' };
  for (const name of ['To', 'From', 'CallSid', 'Body', 'SequenceNumber', 'ParentCallSid']) {
    for (const door of ['sms', 'status', 'voice']) {
      const answer = await house.twilio(door, { ...call, ...text, [name]: '\0' });
      expect([door, name, answer.status < 300]).toEqual([door, name, true]);
    }
  }
});

it('a NUL, half a character and the text of an escape in what Vapi understood of a call', async () => {
  const secret = await house.deps.webhookSecrets.current(house.tenantId, 'vapi', { name: 'test' });
  const structuredData = { escape: String.raw`\u0000`, odd: 'a\0b\ud800' };
  const call = { id: '1d6f2b1e-4a56-4f0e-9a57-0c6c7a3f1b12', type: 'inboundPhoneCall' };
  const message = { type: 'end-of-call-report', timestamp: 1_767_225_605_123, call, analysis: { structuredData } };
  const answer = await fetch(`${house.url}/webhooks/vapi`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-vapi-secret': secret },
    body: JSON.stringify({ message }),
  });
  expect(answer.status).toBe(204);
  const kept = await house.deps.db.asTenant(house.tenantId, (trx) =>
    trx.selectFrom('webhook_events').select('kept').where('vapi_call_id', '=', call.id).execute(),
  );
  expect(JSON.stringify(kept)).toContain(
    JSON.stringify({ odd: 'ab\ufffd', escape: structuredData.escape }).slice(1, -1),
  );
});
