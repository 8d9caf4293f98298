import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AvaUnderTest, startAva } from '../harness/ava.ts';

let ava: AvaUnderTest;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'ava-verify-'));
  ava = await startAva({ env: { AVA_ENV: 'production', SMTP_URL: '' } });
});

afterAll(async () => {
  await ava.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function plainOwner(): Promise<string> {
  await ava.owner();
  const email = 'plain@example.test';
  const password = 'correct horse battery';
  await ava.cli('user', 'create', '--email', email, '--password', password, '--tenant', 'Oak Dental');
  const { stdout } = await ava.cli('token', '--email', email);
  return stdout.trim();
}

const smoke = (token: string, ...more: string[]) =>
  ava.cli('verify', '--smoke', '--url', ava.url, '--token', token, ...more);

/** How many rows each table has that a verification could leave something in. */
async function rowCounts(): Promise<Record<string, number>> {
  const client = new Client({ connectionString: ava.databaseUrl });
  await client.connect();
  try {
    const counts: Record<string, number> = {};
    for (const table of ['tenants', 'users', 'members', 'sessions', 'assistants', 'setting_versions', 'effects']) {
      const { rows } = await client.query<{ count: string }>(`select count(*) from ${table}`);
      counts[table] = Number(rows[0]?.count);
    }
    return counts;
  } finally {
    await client.end();
  }
}

describe('ava verify --smoke against production', () => {
  it('passes 8 of 8 with an operator, twice in a row, and leaves nothing behind', async () => {
    const { token } = await ava.owner();
    await smoke(token);
    const before = await rowCounts();
    const requests = ava.simulator.control.countRequests({ vendor: 'vapi', operation: 'PATCH /*' });
    const answer = await smoke(token, '--json');
    expect(answer.stderr).toBe('');
    const run = JSON.parse(answer.stdout);
    expect(run.checks.map((check: { title: string; state: string; detail: string }) => check)).toMatchObject(
      Array.from({ length: 8 }, () => ({ state: 'passed' })),
    );
    expect(answer.code).toBe(0);
    expect(await rowCounts()).toEqual(before);
    expect(ava.simulator.control.countRequests({ vendor: 'vapi', operation: 'PATCH /*' })).toBe(requests);
  }, 240_000);

  it('writes a live table, JUnit and one page of evidence without the token, and keeps the run with --record', async () => {
    const owner = await ava.owner();
    const [junit, html] = [path.join(folder, 'smoke.xml'), path.join(folder, 'smoke.html')];
    const answer = await smoke(owner.token, '--junit', junit, '--html', html, '--record');
    expect(answer.stdout).toContain('[8/8]');
    expect(answer.stdout).toContain('8 of 8 passed, 0 failed');
    expect(readFileSync(junit, 'utf8')).toContain('tests="8" failures="0" skipped="0"');
    const page = readFileSync(html, 'utf8');
    expect(page).toContain('15 min');
    expect(page).toContain('Stub integrations are disabled in production');
    expect(page).not.toContain(owner.token);
    const list = (await (await owner.fetch('/api/v1/ops/verifications')).json()) as { verifications: { id: string }[] };
    expect(list.verifications[0]).toMatchObject({ kind: 'smoke', outcome: 'passed', passed: 8, failed: 0 });
    const one = await owner.fetch(`/api/v1/ops/verifications/${list.verifications[0]?.id}`);
    expect(((await one.json()) as { verification: { checks: unknown[] } }).verification.checks).toHaveLength(8);
  }, 240_000);

  it('works with the token of a plain owner, whose assistant gets back what was written', async () => {
    const token = await plainOwner();
    const { apiKey } = ava.simulator.control.addVapiOrg();
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const init = { method: 'PUT', headers, body: JSON.stringify({ api_key: apiKey }) };
    expect((await fetch(`${ava.url}/api/v1/vapi/credentials`, init)).status).toBe(200);
    const made = { method: 'POST', headers, body: JSON.stringify({ name: 'Reception' }) };
    expect((await fetch(`${ava.url}/api/v1/assistants`, made)).status).toBeLessThan(300);
    const answer = await smoke(token, '--json');
    const run = JSON.parse(answer.stdout);
    expect(run.checks.filter((check: { state: string }) => check.state !== 'passed')).toEqual([]);
    expect(answer.code).toBe(0);
  }, 180_000);

  it('tells exit codes apart: 1 for a check that fails, 2 for what cannot be verified', async () => {
    const { token } = await ava.owner();
    expect((await smoke(token, '--expect-version', '99.0.0')).code).toBe(1);
    expect((await smoke('not-a-token')).code).toBe(1);
    const away = await ava.cli('verify', '--smoke', '--url', 'http://127.0.0.1:1', '--token', token);
    expect([away.code, away.stderr]).toEqual([2, expect.stringContaining('cannot be reached')]);
    expect((await ava.cli('verify', '--smoke', '--url', ava.url)).code).toBe(2);
  }, 240_000);
});
