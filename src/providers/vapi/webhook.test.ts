import { describe, expect, it } from 'vitest';
import { readVapiMessage, toolCallsOf } from './webhook.ts';

const receivedAt = new Date('2026-01-01T00:00:10Z');
const call = {
  id: '0d6f2b1e-4a56-4f0e-9a57-0c6c7a3f1b11',
  type: 'inboundPhoneCall',
  phoneCallProviderId: 'CA00000000000000000000000000000001',
  assistantId: 'a3c1f6d2-90ab-4d0b-8e11-5f2f7d9c8b21',
};
const report = (over: object = {}) => ({
  message: {
    type: 'end-of-call-report',
    timestamp: 1767225697456,
    endedReason: 'customer-ended-call',
    startedAt: '2026-01-01T00:00:05.000Z',
    cost: 0.1184,
    call,
    assistant: { model: { messages: [{ role: 'system', content: 'SECRET PROMPT' }] } },
    phoneNumber: { number: '+15005550001', twilioAuthToken: 'SECRET TOKEN', twilioApiSecret: 'SECRET TOKEN' },
    customer: { number: '+15005550006' },
    artifact: {
      transcript: 'AI: Hello\nUser: Hi\n',
      messages: [
        { role: 'system', message: 'SECRET PROMPT' },
        { role: 'bot', message: 'Hello', secondsFromStart: 1 },
        { role: 'user', message: 'Hi\u0000', secondsFromStart: 2 },
      ],
      recording: { stereoUrl: 'https://storage.example/signed?SECRET' },
    },
    analysis: { summary: 'A greeting.', successEvaluation: true, structuredData: { intent: 'greet' } },
    ...over,
  },
});

describe('messages of Vapi', () => {
  it('keep what AVA needs and nothing that is secret', () => {
    const message = readVapiMessage(report(), receivedAt)!;
    expect(message).toMatchObject({
      type: 'end-of-call-report',
      vapiCallId: call.id,
      twilioCallSid: call.phoneCallProviderId,
      at: new Date(1767225697456),
      kept: {
        cost: 0.1184,
        summary: 'A greeting.',
        success: 'true',
        hasRecording: true,
        customerNumber: '+15005550006',
      },
    });
    expect(message.kept.messages).toEqual([
      { role: 'assistant', text: 'Hello', secondsFromStart: 1 },
      { role: 'user', text: 'Hi', secondsFromStart: 2 },
    ]);
    expect(JSON.stringify(message)).not.toContain('SECRET');
  });

  it('are the same message when only a presigned URL differs, and another one when the time does', () => {
    const first = readVapiMessage(report(), receivedAt)!;
    const again = readVapiMessage(report({ artifact: { recording: { stereoUrl: 'https://other' } } }), receivedAt)!;
    const later = readVapiMessage(report({ timestamp: 1767225697457 }), receivedAt)!;
    expect(again.dedupeKey).toBe(first.dedupeKey);
    expect(later.dedupeKey).not.toBe(first.dedupeKey);
  });

  it('of a kind that is not known are kept, chatter is only counted, and anything else is no message', () => {
    expect(readVapiMessage({ message: { type: 'brand.new', call } }, receivedAt)).toMatchObject({
      name: 'brand.new',
      isChatter: false,
      at: receivedAt,
    });
    expect(readVapiMessage({ message: { type: 'speech-update' } }, receivedAt)?.isChatter).toBe(true);
    const partial = { message: { type: 'transcript', transcriptType: 'partial', role: 'user', transcript: 'He' } };
    expect(readVapiMessage(partial, receivedAt)?.isChatter).toBe(true);
    for (const body of [null, 'x', [], {}, { message: [] }, { message: { type: 7 } }])
      expect(readVapiMessage(body, receivedAt)).toBeUndefined();
  });

  it('carry tool calls in three shapes', () => {
    const expected = [{ id: 'call_1', name: 'find_slot', arguments: { day: 'mon' } }];
    const openApi = { id: 'call_1', type: 'function', function: { name: 'find_slot', arguments: '{"day":"mon"}' } };
    const bodies = [
      {
        toolCallList: [openApi],
        toolWithToolCallList: [{ type: 'function', function: { name: 'find_slot' }, toolCall: openApi }],
      },
      { toolCallList: [{ id: 'call_1', name: 'find_slot', arguments: { day: 'mon' } }] },
      { toolWithToolCallList: [{ name: 'find_slot', toolCall: { id: 'call_1', parameters: { day: 'mon' } } }] },
    ];
    for (const body of bodies) expect(toolCallsOf({ message: { type: 'tool-calls', ...body } })).toEqual(expected);
    expect(toolCallsOf({ message: { toolCallList: [{ id: 'x', name: 'y', arguments: '{broken' }] } })).toEqual([
      { id: 'x', name: 'y', arguments: {} },
    ]);
  });
});
