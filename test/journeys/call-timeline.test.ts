/** The timeline of one call holds what the whole house did about it, each entry with ids to look further by. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { TimelineEntry } from '../../src/features/calls/contract.ts';
import { type InProcess, startInProcess } from '../harness/in-process.ts';
import { makeCaller } from '../harness/tenant.ts';
import { until } from '../harness/until.ts';

let house: InProcess;
beforeAll(async () => {
  house = await startInProcess({ env: { CIRCUIT_BREAKER_RECOVERY_TIMEOUT: '600' } });
});
afterAll(() => house?.stop());

const timelineOf = async (callSid: string, fits: (names: string[]) => boolean): Promise<TimelineEntry[]> =>
  await until('the timeline tells all of it', async () => {
    const id = await house.deps.calls.findByVendorId(house.tenantId, callSid);
    const entries = id === undefined ? [] : await house.deps.calls.timeline(house.tenantId, id);
    return fits(entries.map((entry) => entry.name)) ? entries : undefined;
  });

it(
  'tells the settings in force, the answer to the ringing, the mail, and the circuit that stood open',
  { timeout: 120_000 },
  async () => {
    const { deps, simulator, tenantId } = house;
    const change = { tenantId, key: 'greeting_message', author: 'ann@example.test', ifMatch: undefined };
    await deps.settings.put(change as never, 'Good evening');
    const talked = await simulator.control.placeCall({ to: house.number, script: { says: ['Hello'] } });
    const first = await timelineOf(talked.callSid, (names) => names.some((name) => name.startsWith('call.told:done')));
    const of = (name: string) => first.findIndex((entry) => entry.name === name);
    const inOrder = ['voice', 'route:ai', 'status-update:in-progress', 'end-of-call-report', 'call.told:done'].map(of);
    expect(inOrder).toEqual([...inOrder].sort((a, b) => a - b));
    for (const later of ['ring:done', 'status-update:ringing']) expect(of(later)).toBeGreaterThan(of('voice'));
    expect(inOrder).not.toContain(-1);
    const versions = first.filter((entry) => entry.kind === 'setting' && entry.details['key'] === 'greeting_message');
    expect(versions).toHaveLength(1);
    expect(versions[0]).toMatchObject({ text: expect.stringMatching(/setting greeting_message .*version 1/) });
    expect(versions[0]?.details).toMatchObject({ version_id: expect.any(String), author: 'ann@example.test' });
    const effects = first.filter((entry) => entry.details['effect_id'] !== undefined);
    expect(effects.map((entry) => entry.name)).toEqual(expect.arrayContaining(['ring:done', 'call.told:done']));
    for (const { details, correlation_id: id } of effects) expect([details['effect_key'], id]).not.toContain(undefined);
    expect(JSON.stringify(first)).not.toMatch(/email:call:[0-9a-f-]{36}:[\w.]{2,}@/);

    simulator.control.addFault({ vendor: 'vapi', kind: 'status', status: 503 } as never);
    for (let turn = 0; turn < 3; turn += 1) await simulator.control.placeCall({ to: house.number, script: {} });
    const rescued = await simulator.control.placeCall({ to: house.number, script: {} });
    const second = await timelineOf(rescued.callSid, (names) => names.includes('breaker:opening'));
    const opening = second.find((entry) => entry.name === 'breaker:opening');
    expect(opening).toMatchObject({ kind: 'breaker', source: 'ava' });
    expect(opening?.details).toMatchObject({
      circuit_change_id: expect.any(String),
      circuit: expect.stringMatching(/^vapi/),
    });
    const times = second.map((entry) => entry.at);
    expect(times).toEqual([...times].sort());
    simulator.control.clearFaults();

    const stranger = await makeCaller(deps.db, 'owner', false);
    const [own] = (await deps.calls.list(tenantId, { limit: 1 })).calls;
    await expect(deps.calls.timeline(stranger.tenantId, own!.id)).rejects.toMatchObject({ code: 'not_found' });
    const seen = await deps.circuitHistory.during(stranger.tenantId, { from: new Date(0), to: new Date() });
    expect(seen.filter((one) => one.circuit.includes('/'))).toEqual([]);
  },
);
