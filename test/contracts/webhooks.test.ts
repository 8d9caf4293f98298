/** What the Vapi twin posts is what Vapi's document says that it posts. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openFrontDoor, openStreet, type Street, vapi, vapiMessages } from './street.ts';
import { createContractChecker } from './checker.ts';

const checker = createContractChecker();
for (const sentence of checker.leftOut) console.log(`Left out: ${sentence}`);

const schemas: Record<string, string> = {
  'conversation-update': 'ServerMessageConversationUpdate',
  'end-of-call-report': 'ServerMessageEndOfCallReport',
  'speech-update': 'ServerMessageSpeechUpdate',
  'status-update': 'ServerMessageStatusUpdate',
  'tool-calls': 'ServerMessageToolCalls',
  transcript: 'ServerMessageTranscript',
  'transfer-destination-request': 'ServerMessageTransferDestinationRequest',
};

let street: Street;
beforeAll(async () => {
  street = await openStreet({ hooks: checker.hooks });
  await openFrontDoor(street);
});
afterAll(() => street.close());

test.skipIf(!checker.isAvailable)('every message of a call, its transfer and its tools fits its schema', async () => {
  const { simulator, house, number } = street;
  const path = `/assistant/${simulator.vapi.assistantId}`;
  await vapi(simulator, 'PATCH', path, {
    serverMessages: Object.keys(schemas),
  });
  const script = {
    says: ['Hello'],
    toolCalls: [{ name: 'find_slot', arguments: { day: 'Friday' } }],
    wantsPerson: true,
  };
  await simulator.control.placeCall({ to: number, script });
  await simulator.control.placeCall({ to: number, script: { aiDiesAfterSeconds: 1 } });
  await simulator.control.settled();
  const kinds = new Set(vapiMessages(house).map(({ type }) => type));
  expect([...kinds].toSorted()).toEqual(Object.keys(schemas).toSorted());
  for (const message of vapiMessages(house)) {
    const schema = schemas[String(message.type)] ?? '';
    expect(checker.vapiProblems(schema, message), JSON.stringify(message)).toEqual([]);
  }
  expect(checker.problems()).toEqual([]);
});
