/** Calls and the numbers that they come by, granted. */
import type { Telephone } from '../harness/telephone.ts';
import { until } from '../harness/until.ts';
import { API, type Good, type GoodRequests } from './good.ts';

/** One that the assistant took, with its recording. */
export async function endedCall(telephone: Telephone): Promise<{ id: string; assistantId: string }> {
  await telephone.route();
  const rung = await telephone.ava.simulator.control.placeCall({ to: telephone.number, script: { says: ['Hello'] } });
  const isTold = (one: any) => one.status === 'ended' && one.has_recording && one.has_transcript;
  return telephone.callWhen(rung.callSid, 'the report of the call has come', isTold);
}

export function calls(telephone: Telephone, call: { id: string }): GoodRequests {
  const one = `${API}/calls/{id}`;
  const at = (rest: string) => ({ path: `${API}/calls/${call.id}${rest}` });
  const rule = (path: string, body: object): GoodRequests => ({
    [`PUT ${API}/calls/${path}`]: () => ({ path: `${API}/calls/${path}`, body }),
  });
  return {
    ...numbers(telephone),
    ...rule('limits', { countries: ['US'], calls_per_user_per_day: 500, calls_per_tenant_per_day: 500 }),
    ...rule('retention', { days: 90 }),
    ...rule('texts', { when: 'never', to: ['+12025550143'], per_day: 5 }),
    [`POST ${API}/calls`]: () => ({ path: `${API}/calls`, body: { to: '+12025550143', number_sid: telephone.sid } }),
    [`PUT ${one}/read`]: () => at('/read'),
    [`GET ${one}/recording`]: () => at('/recording'),
    [`GET ${one}`]: () => at(''),
    [`GET ${one}/timeline`]: () => at('/timeline'),
    [`GET ${API}/timeline`]: () => ({ path: `${API}/timeline?id=${call.id}` }),
    [`DELETE ${one}`]: async () => {
      const rung = await telephone.ava.simulator.control.placeCall({ to: telephone.number });
      const kept = await until('the call is in the list', async () =>
        (await telephone.json('/calls')).calls.find((listed: any) => listed.twilio_call_sid === rung.callSid),
      );
      return { path: `${API}/calls/${kept.id}` };
    },
  };
}

function numbers({ ava, sid }: Telephone): GoodRequests {
  const name = `${API}/twilio/numbers/{sid}`;
  const at = (rest: string, body?: object) => (): Good => ({
    path: `${API}/twilio/numbers/${sid}${rest}`,
    ...(body !== undefined && { body }),
  });
  const routing = { assistant_id: ava.simulator.vapi.assistantId, mode: 'front_door' };
  return {
    [`GET ${name}`]: at(''),
    [`POST ${name}/import`]: at('/import', { reason: 'to place calls' }),
    [`GET ${name}/routing`]: at('/routing'),
    [`PUT ${name}/routing`]: at('/routing', routing),
    [`GET ${name}/routing/test`]: at('/routing/test'),
  };
}
