/**
 * A platform that rolls by itself, as `ava release` drives it: a program called kubectl that keeps which image is set,
 * and a real AVA that says to be that version. Then the guide's rollbacks by hand, timed.
 */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AvaUnderTest, startAva } from '../harness/ava.ts';
import { printResult } from '../harness/result.ts';
import { type Passing, startTamperingProxy, type TamperingProxy } from '../harness/tampering-proxy.ts';

let folder: string;
let ava: AvaUnderTest;
let proxy: TamperingProxy;
let token: string;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'ava-platform-'));
  writeFileSync(path.join(folder, 'image'), '1.0.0');
  writeFileSync(path.join(folder, 'kubectl'), KUBECTL);
  chmodSync(path.join(folder, 'kubectl'), 0o755);
  ava = await startAva({ env: { RATE_LIMIT_PER_MINUTE: '60', PATH: `${folder}:${process.env['PATH']}` } });
  proxy = await startTamperingProxy(ava.url);
  proxy.tamper(asVersion);
  token = (await ava.owner()).token;
}, 300_000);
afterAll(async () => {
  await proxy?.close();
  await ava?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** `set image` keeps the tag; the check pod refuses what `refused` names. */
const KUBECTL = `#!/bin/sh
here=$(dirname "$0")
echo "$@" >> "$here/calls"
case "$1" in
  run) ! grep -q -F -e "$(cat "$here/refused" 2>/dev/null || echo none-at-all)" <<END
$*
END
  ;;
  set) tag=\${4##*:}; printf %s "$tag" > "$here/image" ;;
esac
`;

const image = () => readFileSync(path.join(folder, 'image'), 'utf8');

/** Whatever names the version names the one that the platform has set; 3.0.0 has forgotten how to echo an id. */
function asVersion(answer: Passing): void {
  if (['/healthz', '/api/v1/system/info'].includes(answer.path)) {
    answer.body = answer.body.replace(/"version":"[^"]*"/, `"version":"${image()}"`);
  }
  if (image() === '3.0.0' && answer.asked['x-correlation-id'] !== undefined)
    answer.headers['x-correlation-id'] = 'lost';
}

function run(command: string, ...more: string[]) {
  const state = path.join(folder, 'state.json');
  const target = ['--target', 'kubernetes', '--image', 'reg/ava:{version}', '--url', proxy.url];
  return ava.cli(command, ...target, '--token', token, '--state', state, '--start-timeout', '30s', ...more);
}

const release = (version: string) => run('release', '--version', version, '--watch', '2s', '--every', '1s', '--json');

describe('a platform that rolls by itself', () => {
  test('is refused a version whose schema the running one cannot live with, before anything is set', async () => {
    writeFileSync(path.join(folder, 'refused'), 'reg/ava:2.5.0');
    const { code, stdout } = await release('2.5.0');
    expect([code, image()]).toEqual([1, '1.0.0']);
    expect(JSON.parse(stdout)).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('Nothing was changed'),
    });
  }, 300_000);

  test('holds where nobody asked anything, refuses another release, and stays when a person accepts it', async () => {
    const held = await release('2.0.0');
    expect([held.code, JSON.parse(held.stdout).state, image()]).toEqual([3, 'holding', '2.0.0']);
    const second = await release('4.0.0');
    expect([second.code, second.stderr]).toEqual([2, expect.stringContaining('too little to judge')]);
    const accepted = await run('release', '--accept', '--json');
    expect(JSON.parse(accepted.stdout)).toMatchObject({ state: 'succeeded' });
    expect(JSON.parse(accepted.stdout).reason).toContain('because a person accepted it');
  }, 300_000);

  test('gets the old image again when the smoke checks fail', async () => {
    const { code, stdout } = await release('3.0.0');
    const report = JSON.parse(stdout);
    expect([code, report.state, image()], report.reason).toEqual([1, 'rolled_back', '2.0.0']);
    expect(report.reason).toContain('the smoke checks failed');
    expect(existsSync(path.join(folder, 'state.json'))).toBe(false);
  }, 300_000);

  test('goes back by hand to the last verified version of the record', async () => {
    const shown = await run('rollback', '--to', '1.0.0', '--dry-run');
    expect(shown.stdout).toContain('ava-api=reg/ava:1.0.0');
    await run('rollback', '--to', '1.0.0', '--json');
    expect(image()).toBe('1.0.0');
    const { stdout } = await run('rollback', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ state: 'succeeded', version: '2.0.0' });
    expect(image()).toBe('2.0.0');
  }, 300_000);
});

describe('the rollbacks of the guide by hand', () => {
  test('a restart, and the emergency fallback, are done within five minutes, and /healthz proves it', async () => {
    for (const [name, stub] of [
      ['restart', ''],
      ['stub mode as emergency fallback', 'true'],
    ] as const) {
      const before = await health();
      if (stub !== '') ava.env['INTEGRATIONS_STUB_MODE'] = stub;
      const startedMs = performance.now();
      await ava.restart();
      const seconds = Math.round((performance.now() - startedMs) / 100) / 10;
      expect(Date.parse((await health()).started_at)).toBeGreaterThan(Date.parse(before.started_at));
      printResult({
        id: 'R15',
        value: seconds,
        unit: `s for ${name}`,
        goal: '< 300',
        floor: '< 300',
        pass: seconds < 300,
        n: 1,
      });
    }
    const info = (await (await (await ava.owner()).fetch('/api/v1/system/info')).json()) as { stub_mode: boolean };
    expect(info.stub_mode).toBe(true);
  }, 300_000);
});

async function health(): Promise<{ started_at: string }> {
  return (await (await fetch(`${ava.url}/healthz`)).json()) as { started_at: string };
}
