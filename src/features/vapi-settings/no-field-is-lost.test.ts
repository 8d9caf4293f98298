/** Two people with AVA, on two replicas, and somebody in Vapi's own dashboard: whatever they do in whatever order, no field is lost. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startVapiHouse, type VapiHouse } from '../../../test/harness/vapi-house.ts';

let house: VapiHouse;
let other: Awaited<ReturnType<VapiHouse['replica']>>;

beforeAll(async () => {
  house = await startVapiHouse();
  other = await house.replica();
});
afterAll(() => house?.close());

const SETTINGS = '/api/v1/vapi/settings';
type Tree = Record<string, any>;

// A member called __proto__ is refused at the door, whatever it stands for. JSON has no -0: what cannot be written down cannot come back.
const json = fc
  .jsonValue({ maxDepth: 2 })
  .filter((value) => !JSON.stringify(value).includes('__proto__'))
  .map((value) => JSON.parse(JSON.stringify(value)) as unknown);

/** What a person may set, and where it must arrive; the shadow is what Vapi must hold in the end. */
const WRITES: Record<string, { value: fc.Arbitrary<unknown>; into(shadow: Tree, value: unknown): void }> = {
  greeting_message: {
    value: fc.string({ minLength: 1, maxLength: 40 }).filter((text) => text.trim() !== ''),
    into: (shadow, value) => Object.assign(shadow, { firstMessage: value, firstMessageMode: 'assistant-speaks-first' }),
  },
  max_call_duration: {
    value: fc.integer({ min: 60, max: 3600 }),
    into: (s, value) => (s['maxDurationSeconds'] = value),
  },
  voice_speed: {
    value: fc.constantFrom(0.7, 0.85, 1, 1.15, 1.2),
    into: (s, value) => (s['voice'].speed = value),
  },
  temperature: { value: fc.constantFrom(0, 0.25, 1, 1.75, 2), into: (s, value) => (s['model'].temperature = value) },
  max_tokens: { value: fc.integer({ min: 50, max: 1000 }), into: (s, value) => (s['model'].maxTokens = value) },
  enable_transcription: {
    value: fc.boolean(),
    into: (s, value) => (s['artifactPlan'].transcriptPlan.enabled = value),
  },
  first_note: {
    value: json,
    into: (s, value) => ((s['metadata'].ava_settings ??= {}).first_note = value),
  },
  second_note: {
    value: json,
    into: (s, value) => ((s['metadata'].ava_settings ??= {}).second_note = value),
  },
};

type Write = { person: 'a' | 'b'; key: string; value: unknown };
type Step = { by: 'ava'; writes: Write[] } | { by: 'vapi'; field: string; value: unknown };

const write = (key: string) =>
  fc.record({ person: fc.constantFrom('a' as const, 'b' as const), key: fc.constant(key), value: WRITES[key]!.value });

/** Up to four people's changes at the same moment, each of another key. */
const together = fc
  .subarray(Object.keys(WRITES), { minLength: 1, maxLength: 4 })
  .chain((keys) => fc.tuple(...keys.map(write)))
  .map((writes): Step => ({ by: 'ava', writes }));

const VAPI_FIELDS: Record<string, (shadow: Tree, value: unknown) => void> = {
  stability: (s, value) => (s['voice'] = { ...s['voice'], stability: value }),
  prompt: (s, value) => (s['model'] = { ...s['model'], messages: [{ role: 'system', content: String(value) }] }),
  temperature: (s, value) => (s['model'] = { ...s['model'], temperature: value }),
  phrases: (s, value) => (s['endCallPhrases'] = [`bye ${String(value)}`]),
  crm: (s, value) => (s['metadata'] = { ...s['metadata'], crm: { id: value } }),
  format: (s) => (s['artifactPlan'] = { ...s['artifactPlan'], recordingFormat: 'wav;l16' }),
};

const atVapi = fc
  .record({ field: fc.constantFrom(...Object.keys(VAPI_FIELDS)), value: fc.constantFrom(0.1, 0.5, 0.9) })
  .map((edit): Step => ({ by: 'vapi', ...edit }));

const written = (assistant: Tree): Tree => {
  const { updatedAt: _, ...rest } = structuredClone(assistant);
  return rest;
};

test('no sequence of edits by two people and by somebody in Vapi loses a field', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof({ weight: 3, arbitrary: together }, atVapi), { minLength: 1, maxLength: 6 }),
      async (steps) => {
        await house.newTenant();
        const id = house.makeAssistant();
        const shadow = written(house.org.assistants.find(id)!);
        let changes = 0;

        for (const step of steps) {
          if (step.by === 'vapi') {
            VAPI_FIELDS[step.field]!(shadow, step.value);
            const { id: _, orgId: __, createdAt: ___, ...fields } = structuredClone(shadow);
            house.org.assistants.patch(id, fields);
            continue;
          }
          const answers = await Promise.all(
            step.writes.map(({ person, key, value }) => {
              const { call } = person === 'a' ? house : other;
              return call('PUT', `${SETTINGS}/${key}`, { value });
            }),
          );
          for (const [index, { key, value }] of step.writes.entries()) {
            expect(answers[index]!.status).toBe(200);
            expect(answers[index]!.body.setting.value).toEqual(value);
            WRITES[key]!.into(shadow, value);
            changes += 1;
          }
        }

        expect(written(house.org.assistants.find(id)!)).toEqual(shadow);
        await agrees(id, changes);
      },
    ),
    // The first counterexample is said at once, with its seed: making it smaller would outlast the test.
    { numRuns: 30, endOnFailure: true },
  );
}, 180_000);

/** The history tells the same story: every step of a key begins where the one before ended, or at what Vapi had by then. */
async function agrees(id: string, changes: number): Promise<void> {
  const { versions } = (await house.call('GET', `${SETTINGS}/history?limit=200&assistant_id=${id}`)).body;
  expect(versions.length).toBeLessThanOrEqual(changes + 1);
  const numbers = new Map<string, number[]>();
  for (const { key, version } of versions) numbers.set(key, [version, ...(numbers.get(key) ?? [])]);
  for (const [key, found] of numbers) expect([key, found]).toEqual([key, found.map((_, index) => index + 1)]);
}
