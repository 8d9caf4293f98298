import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ANN, startTelephone, type Telephone } from '../harness/telephone.ts';

let telephone: Telephone;
beforeAll(async () => {
  telephone = await startTelephone();
  await telephone.route();
});
afterAll(() => telephone.stop());

const ring = (script = {}) => telephone.ava.simulator.control.placeCall({ to: telephone.number, script });

describe('a telephone call', () => {
  it('is answered by the assistant, and stands in the list with transcript, cost and timeline', async () => {
    const result = await ring({ says: ['I would like to move my appointment'] });
    console.log(JSON.stringify(result.transcriptOfWhatTheCallerHeard), result.problems);
    expect(result).toMatchObject({ outcome: 'ai', heardError: false });
    const call = await telephone.callWhen(
      result.callSid,
      'the call has ended in the list',
      (one) => one.status === 'ended' && one.cost_usd !== null,
    );
    expect(call).toMatchObject({
      direction: 'inbound',
      outcome: 'ai',
      has_transcript: true,
      from: result.from,
      to: telephone.number,
    });
    const detail = (await telephone.json(`/calls/${call.id}`)).call;
    expect(detail.transcript).toContain('move my appointment');
    const { timeline } = await telephone.json(`/calls/${call.id}/timeline`);
    console.log(timeline.map((one: any) => `${one.at} ${one.kind} ${one.name} ${one.text}`).join('\n'));
    expect(timeline.map((one: any) => one.name)).toEqual(
      expect.arrayContaining([
        'voice',
        'route:ai',
        'status-update:in-progress',
        'end-of-call-report',
        'status:completed',
      ]),
    );
    const found = await telephone.calls('?q=appointment');
    expect(found.map((one) => one.id)).toContain(call.id);
    expect(await telephone.calls('?q=zebra')).toEqual([]);
  });

  it('goes to a person when Vapi is down, and to voicemail when the person does not answer', async () => {
    const { control } = telephone.ava.simulator;
    control.addFault({ vendor: 'vapi', kind: 'status', status: 503 });
    const toPerson = await ring();
    expect(toPerson).toMatchObject({ outcome: 'person', heardError: false });
    await telephone.callWhen(
      toPerson.callSid,
      'the call went to a person',
      (one) => one.outcome === 'person' && one.status === 'ended',
    );
    control.setPerson(ANN, { answers: 'no' });
    const toVoicemail = await ring({ voicemail: 'Please call me back' });
    expect(toVoicemail).toMatchObject({ outcome: 'voicemail', heardError: false });
    const call = await telephone.callWhen(
      toVoicemail.callSid,
      'the message was left',
      (one) => one.outcome === 'voicemail' && one.has_recording,
    );
    expect(call).toMatchObject({ ended_reason_code: 'message_left' });
    control.clearFaults();
  });
});
