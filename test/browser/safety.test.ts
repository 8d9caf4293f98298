/** What strangers say on the phone, or write into a name, is text and nothing else; and nothing leaves for elsewhere. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { printResult } from '../harness/result.ts';
import { type Dashboard, hasBrowser, MAIN_PAGES, startDashboard, untilLoaded, type Window } from './dashboard.ts';

/** Each would set the mark if it ran. */
const MARK = 'window.hit=1';
const ATTACKS = [
  `<script>${MARK}</script>`,
  `<img src=x onerror="${MARK}">`,
  `<svg onload="${MARK}">`,
  `"><script>${MARK}</script>`,
  `'-${MARK}-'`,
  `javascript:${MARK}`,
  `<iframe srcdoc="<script>parent.${MARK}</script>">`,
  `<a href="javascript:${MARK}">x</a>`,
  `\${${MARK}}`,
  `{{constructor.constructor('${MARK}')()}}`,
  `<details open ontoggle="${MARK}">`,
  `<style>@import 'https://evil.example/x.css'</style>`,
  `<base href="https://evil.example/">`,
  `<meta http-equiv="refresh" content="0;url=https://evil.example">`,
  `]]><script>${MARK}</script>`,
];

describe.skipIf(!hasBrowser)('stored text', () => {
  let dashboard: Dashboard;
  let window: Window;
  let callId: string;
  beforeAll(async () => {
    dashboard = await startDashboard();
    await plant(dashboard);
    callId = (await dashboard.telephone.calls())[0].id;
    window = await dashboard.open();
    await window.signIn();
  });
  afterAll(() => dashboard.stop());

  it('never runs, on any page', async () => {
    const visited = [
      ...MAIN_PAGES.map(({ path }) => path),
      `/calls/${callId}`,
      `/calls?q=${encodeURIComponent(ATTACKS[0]!)}`,
    ];
    let hits = 0;
    for (const path of visited) {
      await window.go(path);
      await untilLoaded(window.page);
      hits += (await window.page.evaluate<number | undefined>('window.hit')) === undefined ? 0 : 1;
    }
    const { sid } = dashboard.telephone;
    for (const path of [`/numbers/${sid}`]) {
      await window.go(path);
      await untilLoaded(window.page);
      hits += (await window.page.evaluate<number | undefined>('window.hit')) === undefined ? 0 : 1;
    }
    expect(hits).toBe(0);
    expect(window.faults).toEqual([]);
    printResult({
      id: 'S24',
      value: hits,
      unit: 'scripts run',
      goal: '0',
      floor: '0',
      pass: hits === 0,
      n: ATTACKS.length * (visited.length + 1),
    });
  }, 240_000);

  it('is shown as it was said', async () => {
    await window.go(`/calls/${callId}`);
    await untilLoaded(window.page);
    await window.page.getByText(ATTACKS[0]!).first().waitFor();
  });

  it('makes no page ask another origin for anything', () => {
    expect(window.outside).toEqual([]);
  });

  it('stands behind a policy without holes', async () => {
    const response = await fetch(dashboard.telephone.ava.url);
    const policy = response.headers.get('content-security-policy') ?? '';
    const directives = Object.fromEntries(policy.split(';').map((part) => [part.trim().split(' ')[0], part.trim()]));
    expect(directives['default-src']).toBe("default-src 'none'");
    expect(directives['script-src']).toBe("script-src 'self'");
    expect(directives['style-src']).toBe("style-src 'self'");
    expect(directives['frame-ancestors']).toBe("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
  });
});

/** Puts the attacks where a stranger or a colleague could: what is said, names, settings, reasons, fallback plans. */
async function plant({ telephone }: Dashboard): Promise<void> {
  const { control, vapi } = telephone.ava.simulator;
  const { callSid } = await control.placeCall({ to: telephone.number, script: { says: ATTACKS } });
  await telephone.callWhen(callSid, 'the call is over', (call) => call.status === 'ended' && call.has_transcript);
  const send = (path: string, method: string, body: unknown) =>
    telephone.json(path, { method, body: JSON.stringify(body) });
  await send(`/assistants/${vapi.assistantId}`, 'PUT', {
    name: ATTACKS[2],
    prompt: ATTACKS.join('\n'),
    reason: ATTACKS[1],
  });
  await send('/vapi/settings/greeting_message', 'PUT', { value: ATTACKS[0], reason: ATTACKS[3] });
  await send('/vapi/settings/opening_hours', 'PUT', { value: ATTACKS });
  await telephone.route({
    fallback: {
      people: [{ name: ATTACKS[1], phone_number: '+15005550006' }],
      strategy: 'in_order',
      voicemail: true,
      message: ATTACKS[0],
    },
  });
}
