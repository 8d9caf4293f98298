/** One sick vendor and one noisy tenant harm only themselves (R12, R13), over HTTP on a process of its own. */
import { expect, test } from 'vitest';
import { type AvaUnderTest, startAva } from '../harness/ava.ts';
import { printResult } from '../harness/result.ts';

type Ask = () => Promise<Response>;
type Lane = { name: string; ask: Ask };
type Watched = { p99Ms: number; count: number; bad: string[] };

const WATCH_MS = 8_000;
/** So long each of the callers waits before it asks again. */
const REST_MS = 5_000;
const CALLERS = 500;

test(
  'while Vapi hangs for 500 callers, Twilio, the database, webhooks and health go on',
  { timeout: 180_000 },
  async () => {
    const ava = await startAva({ env: { RATE_LIMIT_PER_MINUTE: '1000000' } });
    try {
      const owner = await ava.owner();
      const lanes = await lanesOf(ava, owner.fetch);
      const before = await watch(lanes, WATCH_MS, 10);
      ava.simulator.control.addFault({ vendor: 'vapi', kind: 'hang' });
      const crowd = startCrowd(CALLERS, REST_MS, (index) => owner.fetch(`/api/v1/assistants/${idOf(index)}`));
      const during = await watch(lanes, WATCH_MS, 10);
      const asked = await crowd.stop();
      const bad = lanes.flatMap(({ name }) => during[name]!.bad);
      const ratios = lanes.map(({ name }) => during[name]!.p99Ms / before[name]!.p99Ms);
      const n = lanes.reduce((total, { name }) => total + during[name]!.count, 0);
      printResult({
        id: 'R12',
        value: `${lanes.map(({ name }, index) => `${name} ${ratios[index]!.toFixed(2)}`).join(', ')}; ${bad.length}`,
        unit: `p99 ÷ before, of each lane; errors, while ${asked.statuses} were told to callers of Vapi`,
        goal: '1.2; 0',
        floor: '2; 0',
        pass: Math.max(...ratios) <= 2 && bad.length === 0,
        n,
      });
      expect(bad).toEqual([]);
      expect(asked.count).toBeGreaterThanOrEqual(CALLERS);
      expect(asked.statuses).toMatch(/50[34]/);
      expect(asked.statuses).not.toMatch(/500|200/);
    } finally {
      await ava.stop();
    }
  },
);

test(
  'a tenant at fifty times its share slows nobody else down and takes nothing of their limit',
  { timeout: 180_000 },
  async () => {
    const perMinute = 60;
    const ava = await startAva({ env: { RATE_LIMIT_PER_MINUTE: String(perMinute) } });
    try {
      const [noisy, quiet] = [await ava.owner(), await another(ava)];
      const lanes = [{ name: 'quiet', ask: () => quiet('/api/v1/calls') }];
      const alone = await watch(lanes, 12_000, 1_000);
      const crowd = startCrowd(50, 1_000, () => noisy.fetch('/api/v1/calls'));
      const beside = await watch(lanes, 12_000, 1_000);
      const asked = await crowd.stop();
      const ratio = beside['quiet']!.p99Ms / alone['quiet']!.p99Ms;
      const { bad, count } = beside['quiet']!;
      printResult({
        id: 'R13',
        value: `${ratio.toFixed(2)}; ${bad.length}`,
        unit: `slowest ÷ alone; errors of the quiet tenant, while the noisy one heard ${asked.statuses}`,
        goal: '1.5; 0',
        floor: '3; 0',
        pass: ratio <= 3 && bad.length === 0,
        n: count,
      });
      expect(bad).toEqual([]);
      expect(asked.statuses).toMatch(/429/);
      expect(asked.count).toBeGreaterThan(3 * perMinute);
    } finally {
      await ava.stop();
    }
  },
);

async function lanesOf(
  ava: AvaUnderTest,
  owner: (path: string, init?: RequestInit) => Promise<Response>,
): Promise<Lane[]> {
  const rotated = await owner('/api/v1/vapi/webhook-secrets/rotate', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });
  const { value: secret } = (await rotated.json()) as { value: string };
  let sent = 0;
  const webhook = () =>
    fetch(`${ava.url}/webhooks/vapi`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-vapi-secret': secret },
      body: JSON.stringify({
        message: {
          type: 'status-update',
          status: 'in-progress',
          timestamp: 1_767_225_600_000 + (sent += 1),
          call: { id: idOf(sent), type: 'inboundPhoneCall' },
        },
      }),
    });
  return [
    { name: 'Twilio', ask: () => owner('/api/v1/twilio/numbers') },
    { name: 'database', ask: () => owner('/api/v1/calls') },
    { name: 'webhooks', ask: webhook },
    { name: 'health', ask: () => fetch(`${ava.url}/healthz`) },
  ];
}

/** Asks in each lane every `everyMs` for `forMs`, one at a time; a bad answer is one that is no 2xx, or an old copy: the vendor was not reached. */
async function watch(lanes: Lane[], forMs: number, everyMs: number): Promise<Record<string, Watched>> {
  const watched = await Promise.all(
    lanes.map(async ({ name, ask }) => {
      const times: number[] = [];
      const bad: string[] = [];
      const startedMs = performance.now();
      while (performance.now() - startedMs < forMs) {
        const fromMs = performance.now();
        const answer = await ask();
        const text = await answer.text();
        times.push(performance.now() - fromMs);
        if (!answer.ok || isCopy(text)) bad.push(`${name}: ${answer.status} ${text.slice(0, 200)}`);
        await wait(everyMs);
      }
      times.sort((a, b) => a - b);
      return [name, { p99Ms: times[Math.floor(times.length * 0.99)] ?? 0, count: times.length, bad }] as const;
    }),
  );
  return Object.fromEntries(watched);
}

const isCopy = (text: string) => text.includes('"stale":true');

/** `size` callers who come one after the other within `restMs`, and ask again so long after each answer. Stopping waits for what is still asked. */
function startCrowd(size: number, restMs: number, ask: (index: number) => Promise<Response>) {
  const told: Record<number, number> = {};
  let isOver = false;
  let count = 0;
  const caller = async (place: number) => {
    await wait((place / size) * restMs);
    while (!isOver) {
      const answer = await ask((count += 1));
      await answer.arrayBuffer();
      told[answer.status] = (told[answer.status] ?? 0) + 1;
      await wait(restMs);
    }
  };
  const callers = Array.from({ length: size }, (_, place) => caller(place));
  return {
    async stop() {
      isOver = true;
      await Promise.all(callers);
      const statuses = Object.entries(told).map(([status, times]) => `${times} × ${status}`);
      return { count, statuses: statuses.join(', ') };
    },
  };
}

async function another(ava: AvaUnderTest): Promise<(path: string) => Promise<Response>> {
  const person = { email: 'quiet@example.test', password: 'correct horse battery', tenant: 'Quiet Vets' };
  const { email, password, tenant } = person;
  const made = await ava.cli('user', 'create', '--email', email, '--password', password, '--tenant', tenant);
  expect(made).toMatchObject({ code: 0 });
  const token = (await ava.cli('token', '--email', email, '--ttl', '1h')).stdout.trim();
  return (path) => fetch(`${ava.url}${path}`, { headers: { authorization: `Bearer ${token}` } });
}

const idOf = (index: number) => `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;
const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
