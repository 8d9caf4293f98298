/**
 * A platform that rolls by itself, as `ava release` drives it: programs called kubectl and systemctl, and real AVA
 * processes behind one address. Then the guide's rollbacks by hand, timed.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AvaUnderTest, startAva } from '../harness/ava.ts';
import { printResult } from '../harness/result.ts';
import { type Passing, startTamperingProxy, type TamperingProxy } from '../harness/tampering-proxy.ts';
import { makeRelease, migrationOf, type ReleaseFolder } from './release-folder.ts';
import { type Said, startStandIns } from './stand-ins.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

let folder: string;
let ava: AvaUnderTest;
let proxy: TamperingProxy;
let token: string;
let standIns: Awaited<ReturnType<typeof startStandIns>>;
/** Takes a column away that the version uses which runs. */
let greedy: ReleaseFolder;
let former: ReleaseFolder;
let image = '1.0.0';

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'ava-platform-'));
  greedy = makeRelease('2.5.0', { '9000-greedy': migrationOf(['alter table calls drop column summary']) });
  former = makeRelease('0.0.9', {});
  standIns = await startStandIns(folder, ['kubectl', 'systemctl'], async (name, args) =>
    name === 'kubectl' ? kubectl(args) : systemctl(args),
  );
  ava = await startAva({ env: { RATE_LIMIT_PER_MINUTE: '60', PATH: `${folder}:${process.env['PATH']}` } });
  proxy = await startTamperingProxy(ava.url);
  proxy.tamper(asVersion);
  token = (await ava.owner()).token;
}, 600_000);
afterAll(async () => {
  await proxy?.close();
  await standIns?.close();
  await ava?.stop();
  for (const release of [greedy, former]) release?.remove();
  rmSync(folder, { recursive: true, force: true });
}, 120_000);

const DONE: Said = { code: 0, output: '' };

/** `set image` keeps the tag, `run` asks the program in the image, `rollout undo` puts the former build in place. */
async function kubectl(args: string[]): Promise<Said> {
  const [command = '', second = ''] = args;
  if (command === 'set') image = args[3]!.split(':').at(-1)!;
  if (command === 'run') return checkInImage(args);
  if (command !== 'rollout' || second !== 'undo') return DONE;
  if (args[2] !== 'deployment/ava-api') return { code: 1, output: `Error: ${args[2]} not found` };
  await roll(former.folder);
  return { code: 0, output: 'deployment.apps/ava-api rolled back\n' };
}

async function systemctl(args: string[]): Promise<Said> {
  const isThere = existsSync(path.join(ROOT, 'deploy/systemd', `${args[1]}.service`));
  if (args[0] !== 'restart' || !isThere) return { code: 5, output: `Unit ${args[1]}.service not found.` };
  await ava.restart();
  return DONE;
}

/** The pod of the check runs what is in the image, with the settings of the service. */
async function checkInImage(args: string[]): Promise<Said> {
  const tag = args
    .find((arg) => arg.startsWith('--image='))!
    .split(':')
    .at(-1)!;
  const build = { '2.0.0': ROOT, '2.5.0': greedy.folder }[tag];
  if (build === undefined) return DONE;
  const { spec } = JSON.parse(args.find((arg) => arg.startsWith('--overrides='))!.slice('--overrides='.length));
  const [program, main, ...rest] = spec.containers[0].command as string[];
  expect([program, main]).toEqual(['node', 'src/cli/main.ts']);
  const { code, stdout, stderr } = await ava.cliOf(build, ...rest);
  return { code, output: stdout + stderr };
}

/** A rolling update: the new pod must be ready before the old one is asked to go. */
async function roll(release: string): Promise<void> {
  const old = ava;
  const { PORT: _port, LOG_FILE: _log, PUBLIC_URL: _url, AVA_DATA_DIR: _dir, ...env } = old.env;
  ava = await startAva({ databaseUrl: old.databaseUrl, shared: old.simulator, release, env });
  proxy.aim(ava.url);
  await old.stopProcess();
  const stopNew = ava.stop;
  ava.stop = async () => {
    await stopNew();
    await old.stop();
  };
}

/** Whatever names the version names the one that the platform has set; 3.0.0 has forgotten how to echo an id. */
function asVersion(answer: Passing): void {
  if (['/healthz', '/api/v1/system/info'].includes(answer.path)) {
    answer.body = answer.body.replace(/"version":"[^"]*"/, `"version":"${image}"`);
  }
  if (image === '3.0.0' && answer.asked['x-correlation-id'] !== undefined) answer.headers['x-correlation-id'] = 'lost';
}

function avaOn(command: string, ...more: string[]) {
  const state = path.join(folder, 'state.json');
  const target = ['--target', 'kubernetes', '--image', 'reg/ava:{version}', '--url', proxy.url];
  return ava.cli(command, ...target, '--token', token, '--state', state, '--start-timeout', '30s', ...more);
}

const release = (version: string) => avaOn('release', '--version', version, '--watch', '2s', '--every', '1s', '--json');

describe('a platform that rolls by itself', () => {
  test('is refused a version whose schema the running one cannot live with, before anything is set', async () => {
    const { code, stdout, stderr } = await release('2.5.0');
    expect([code, image], stderr).toEqual([1, '1.0.0']);
    const { state, reason } = JSON.parse(stdout);
    expect([state, reason]).toEqual(['failed', expect.stringContaining('Nothing was changed')]);
    expect(reason).toContain('column calls.summary');
    const after = await ava.cli('migrate', '--check', '--json');
    expect(JSON.parse(after.stdout)).toMatchObject({ fits: true, pending: [], unknown: [] });
  }, 300_000);

  test('holds where nobody asked anything, refuses another release, and stays when a person accepts it', async () => {
    const held = await release('2.0.0');
    expect([held.code, JSON.parse(held.stdout).state, image]).toEqual([3, 'holding', '2.0.0']);
    const second = await release('4.0.0');
    expect([second.code, second.stderr]).toEqual([2, expect.stringContaining('too little to judge')]);
    const accepted = await avaOn('release', '--accept', '--json');
    expect(JSON.parse(accepted.stdout)).toMatchObject({ state: 'succeeded' });
    expect(JSON.parse(accepted.stdout).reason).toContain('because a person accepted it');
  }, 300_000);

  test('gets the old image again when the smoke checks fail', async () => {
    const { code, stdout } = await release('3.0.0');
    const report = JSON.parse(stdout);
    expect([code, report.state, image], report.reason).toEqual([1, 'rolled_back', '2.0.0']);
    expect(report.reason).toContain('the smoke checks failed');
    expect(existsSync(path.join(folder, 'state.json'))).toBe(false);
  }, 300_000);

  test('goes back by hand to the last verified version of the record', async () => {
    const shown = await avaOn('rollback', '--to', '1.0.0', '--dry-run');
    expect(shown.stdout).toContain('ava-api=reg/ava:1.0.0');
    await avaOn('rollback', '--to', '1.0.0', '--json');
    expect(image).toBe('1.0.0');
    const { stdout } = await avaOn('rollback', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ state: 'succeeded', version: '2.0.0' });
    expect(image).toBe('2.0.0');
  }, 300_000);
});

describe('the rollbacks of the guide by hand', () => {
  const before: { started_at: string }[] = [];

  test.each([
    ['a restart', 'systemctl restart ava-api', {}],
    ['the emergency fallback', 'systemctl restart ava-api', { INTEGRATIONS_STUB_MODE: 'true' }],
    ['the former version', 'kubectl rollout undo deployment/ava-api', {}],
  ])(
    '%s, by `%s`, is there within five minutes, and /healthz proves it',
    async (name, command, env) => {
      proxy.tamper(undefined);
      before.push(await health());
      Object.assign(ava.env, env);
      const startedMs = performance.now();
      const [program = '', ...args] = command.split(' ');
      await run(path.join(folder, program), args);
      const after = await health();
      const seconds = Math.round((performance.now() - startedMs) / 100) / 10;
      expect(Date.parse(after.started_at)).toBeGreaterThan(Date.parse(before.at(-1)!.started_at));
      const figure = { id: 'R15', goal: '< 300', floor: '< 300', n: 1 };
      printResult({ ...figure, value: seconds, unit: `s for ${name} by ${command}`, pass: seconds < 300 });
      const info = (await (await fetch(`${proxy.url}/api/v1/system/info`, bearer())).json()) as { stub_mode: boolean };
      expect(info.stub_mode).toBe(name !== 'a restart');
      if (program === 'kubectl') expect(after).toMatchObject({ version: '0.0.9', commit: 'release-0.0.9' });
    },
    300_000,
  );

  test('what is not the unit or the deployment of the guide is refused', async () => {
    await expect(run(path.join(folder, 'systemctl'), ['restart', 'ava'])).rejects.toThrow();
    await expect(run(path.join(folder, 'kubectl'), ['rollout', 'undo', 'deployment/ava'])).rejects.toThrow();
  });
});

const bearer = () => ({ headers: { authorization: `Bearer ${token}` } });

async function health(): Promise<{ started_at: string }> {
  return (await (await fetch(`${proxy.url}/healthz`)).json()) as { started_at: string };
}
