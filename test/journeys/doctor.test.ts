/** `ava doctor` (R2): what is well, what is not and what to do about it, on the real command beside a real server. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AvaUnderTest, startAva } from '../harness/ava.ts';

type Report = {
  ok: boolean;
  checks: { id: string; status: 'ok' | 'warning' | 'failed'; sentence: string; remedy?: string }[];
};

let ava: AvaUnderTest;
beforeAll(async () => {
  ava = await startAva();
});
afterAll(() => ava?.stop());

async function examine(env: Record<string, string> = {}): Promise<{ code: number; report: Report }> {
  const before = { ...ava.env };
  Object.assign(ava.env, env);
  try {
    const { code, stdout } = await ava.cli('doctor', '--json');
    return { code, report: JSON.parse(stdout) as Report };
  } finally {
    Object.assign(ava.env, before);
  }
}

const failedIn = ({ report }: { report: Report }) =>
  report.checks.filter(({ status }) => status === 'failed').map(({ id }) => id);

test('R2: one command says that every dependency is there, and that the rest is well', async () => {
  const found = await examine();
  expect(failedIn(found)).toEqual([]);
  expect(found).toMatchObject({ code: 0, report: { ok: true } });
  const ids = found.report.checks.map(({ id }) => id);
  for (const id of ['dependencies', 'database', 'vapi', 'twilio']) expect(ids).toContain(id);
});

test('a key that Vapi rejects, a vendor who cannot be reached and a database that is not there are named, each with its remedy', async () => {
  const rejected = await examine({ AVA_API_VAPI_API_KEY: randomUUID() });
  expect(failedIn(rejected)).toEqual(['vapi']);
  expect(rejected.code).toBe(1);
  expect(rejected.report.checks.find(({ id }) => id === 'vapi')).toMatchObject({ remedy: expect.any(String) });

  const gone = await examine({ TWILIO_BASE_URL: 'http://127.0.0.1:9', DATABASE_URL: 'postgres://127.0.0.1:9/none' });
  expect(failedIn(gone)).toEqual(expect.arrayContaining(['twilio', 'database']));
  for (const { status, remedy } of gone.report.checks) if (status === 'failed') expect(remedy).toMatch(/\w+ .*\./);
});
