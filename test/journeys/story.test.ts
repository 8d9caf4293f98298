/** One id, the whole story: from any id of a call to all that is kept about it, and to nobody else. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Story } from '../../src/features/timeline/contract.ts';
import { startTelephone, type Telephone } from '../harness/telephone.ts';
import { until } from '../harness/until.ts';

const SAID = 'my tooth aches since Tuesday';

// Commands are processes of their own, and slow to start on a busy machine.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 300_000 });

let telephone: Telephone;
let call: any;
let caller: string;
beforeAll(async () => {
  telephone = await startTelephone();
  await telephone.route();
  const rung = await telephone.ava.simulator.control.placeCall({ to: telephone.number, script: { says: [SAID] } });
  caller = rung.from;
  const isTold = (one: any) => one.status === 'ended' && one.has_transcript;
  call = await telephone.callWhen(rung.callSid, 'the report has come', isTold);
  await until(
    'the mail about the call has left',
    async () => (await story(call.id)).entries.some((entry) => entry.name === 'email:done'),
    60_000,
  );
});
afterAll(() => telephone?.stop());

const ask = (id: string, more = '', token?: string) => {
  const path = `/api/v1/timeline?id=${encodeURIComponent(id)}${more}`;
  if (token === undefined) return telephone.owner.fetch(path);
  return fetch(new URL(path, telephone.ava.url), { headers: { authorization: `Bearer ${token}` } });
};

async function story(id: string, more = '', token?: string): Promise<Story> {
  const answer = await ask(id, more, token);
  expect(answer.status).toBe(200);
  return (await answer.json()) as Story;
}

async function tokenOf(email: string, ...options: string[]): Promise<string> {
  await telephone.ava.cli('user', 'create', '--email', email, '--password', 'correct horse battery', ...options);
  return (await telephone.ava.cli('token', '--email', email)).stdout.trim();
}

describe('the story of a call', () => {
  it('is the same from AVA’s, Vapi’s and Twilio’s id: webhooks, messages, the route, the mail, in order', async () => {
    const told = await story(call.id);
    expect(told.calls.map((one) => one.id)).toEqual([call.id]);
    expect(told.entries.map((entry) => entry.kind)).toEqual(
      expect.arrayContaining(['webhook', 'message', 'route', 'effect']),
    );
    expect(told.entries.map((entry) => entry.name)).toEqual(
      expect.arrayContaining(['voice', 'route:ai', 'end-of-call-report', 'ring:done', 'call.told:done', 'email:done']),
    );
    expect(told.entries.map((entry) => entry.at)).toEqual(told.entries.map((entry) => entry.at).sort());
    for (const id of [call.vapi_call_id, call.twilio_call_sid]) expect((await story(id)).entries).toEqual(told.entries);
  });

  it('is found from the ids that its entries carry: of a message, of an effect, of the request behind it', async () => {
    const { entries } = await story(call.id);
    const ids = entries.flatMap(({ ids: of }) => [of.webhook_id, of.effect_id, of.correlation_id]);
    const wanted = [...new Set(ids.filter((id) => id !== undefined))];
    expect(wanted.length).toBeGreaterThan(8);
    for (const id of wanted) {
      const found = await story(id);
      const isOwn = found.entries.some(({ ids: of }) => Object.values(of).includes(id));
      expect(isOwn, id).toBe(true);
    }
    const voice = entries.find((entry) => entry.name === 'voice')!;
    expect((await story(voice.ids.correlation_id!)).calls.map((one) => one.id)).toEqual([call.id]);
  });

  it('names nobody’s number or address and nothing that was said', async () => {
    const text = JSON.stringify(await story(call.id));
    for (const secret of [caller, telephone.number, 'tooth', 'owner@example.test']) expect(text).not.toContain(secret);
  });

  it('comes in pages that neither repeat nor leave out', async () => {
    const whole = await story(call.id);
    const pages: Story['entries'] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: Story = await story(call.id, `&limit=3${cursor === '' ? '' : `&cursor=${cursor}`}`);
      pages.push(...page.entries);
      cursor = page.next_cursor;
    }
    expect(pages).toEqual(whole.entries);
    expect((await ask(call.id, '&cursor=nonsense')).status).toBe(400);
  });
});

describe('the story of a request', () => {
  it('tells the change of a setting, and the audit entry to those who may read the audit trail', async () => {
    await telephone.json('/vapi/settings/max_tokens', {
      method: 'PUT',
      body: JSON.stringify({ value: 321 }),
      headers: { 'x-correlation-id': 'ticket-4711' },
    });
    const viewer = await tokenOf('viewer@example.test', '--tenant', 'Birch Dental', '--role', 'viewer');
    const kinds = (one: Story) => [...new Set(one.entries.map((entry) => entry.kind))].sort();
    expect(kinds(await story('ticket-4711'))).toEqual(['audit', 'setting']);
    expect(kinds(await story('ticket-4711', '', viewer))).toEqual(['setting']);
  });

  it('is nobody else’s: another tenant is told that there is nothing, in a sentence that helps', async () => {
    const stranger = await tokenOf('stranger@example.test', '--tenant', 'Oak Law', '--operator');
    for (const id of [call.id, call.vapi_call_id, call.twilio_call_sid, 'ticket-4711', 'never-seen']) {
      const answer = await ask(id, '', stranger);
      const problem = (await answer.json()) as { code: string; detail: string };
      expect([answer.status, problem.code], id).toEqual([404, 'not_found']);
      expect(problem.detail).toContain('search the log');
    }
  });
});

describe('ava story', () => {
  it('prints the same story beside the running server', async () => {
    const printed = await telephone.ava.cli('story', call.twilio_call_sid);
    expect(printed.code).toBe(0);
    expect(printed.stdout).toContain(`Birch Dental: ${call.twilio_call_sid}`);
    expect(printed.stdout).toContain('Twilio asked what to do with the call.');
    const { stdout } = await telephone.ava.cli('story', call.id, '--json');
    expect(JSON.parse(stdout).stories[0].entries).toEqual((await story(call.id, '&limit=200')).entries);
  });

  it('says that nothing is kept, and ends with an error that a script sees', async () => {
    const printed = await telephone.ava.cli('story', 'never-seen');
    expect([printed.code, printed.stdout]).toEqual([1, '']);
    expect(printed.stderr).toContain('nothing is kept under never-seen');
  });
});
