import { afterAll, beforeAll, expect, it } from 'vitest';
import { routingInputSchema } from '../../src/features/phone-numbers/routing-contract.ts';
import { createRouting } from '../../src/features/phone-numbers/routing.ts';
import { stubNumbers } from '../../src/features/phone-numbers/stub-numbers.ts';
import { type InProcess, startInProcess } from '../harness/in-process.ts';

let house: InProcess;
beforeAll(async () => {
  house = await startInProcess();
});
afterAll(() => house?.stop());

it('rings the assistant under its new id when it was deleted and made again', async () => {
  const { deps, tenantId, sid, userId } = house;
  const actor = { tenantId, userId, name: 'ann@example.test' };
  await deps.numbers.bringToVapi(tenantId, sid, { assistantId: undefined, reason: undefined, actor });
  const made = await deps.assistants.create({ name: 'Second' } as never, { tenantId, author: actor.name });
  await house.route({ assistant_id: made.assistantId });
  await deps.assistants.remove(made.assistantId, { tenantId, author: actor.name });
  const again = await deps.assistants.restore(made.assistantId, { tenantId, author: actor.name });
  expect(again.assistantId).not.toBe(made.assistantId);
  expect((await deps.routing.get(tenantId, sid)).assistant_id).toBe(again.assistantId);
  expect(deps.routingTable.findBySid(sid)?.assistantId).toBe(again.assistantId);
  const credential = (await deps.vapiOf(tenantId))!;
  const [number] = await deps.vapi.listPhoneNumbers(credential);
  expect(number?.assistantId).toBe(again.assistantId);
  const result = await house.simulator.control.placeCall({ to: house.number, script: { says: ['Hello'] } });
  expect(result).toMatchObject({ outcome: 'ai', heardError: false });
});

it('routes an invented number in stub mode without a word to Twilio', async () => {
  const stub = await startInProcess();
  try {
    const { deps, tenantId, userId, simulator } = stub;
    const routing = createRouting({
      ...{ db: deps.db, clock: deps.clock, log: deps.log, audit: deps.audit, table: deps.routingTable },
      ...{ twilio: deps.twilio, credentialOf: deps.twilioOf, place: deps.place, isStub: true },
    });
    const sid = stubNumbers(tenantId)[0]!.sid;
    const before = simulator.control.countRequests({ vendor: 'twilio' });
    const actor = { tenantId, userId, name: 'test' };
    const put = await routing.put(tenantId, sid, routingInputSchema.parse({ mode: 'front_door' }), {
      actor,
      ifMatch: undefined,
    });
    expect(put).toMatchObject({ sid, mode: 'front_door' });
    await deps.routing.provision(tenantId, sid);
    expect(simulator.control.countRequests({ vendor: 'twilio' })).toBe(before);
  } finally {
    await stub.stop();
  }
});
