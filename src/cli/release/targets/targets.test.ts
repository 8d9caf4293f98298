/** Each platform's commands are run for real, against a program of that name that keeps what it was asked. */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makePlan } from '../plan.ts';
import { runCommand } from '../run-command.ts';
import { makeTarget } from './all.ts';
import { BadOption, type Command, type Place, type Target } from './target.ts';

const PROGRAMS = ['systemctl', 'systemd-run', 'ssh', 'kubectl', 'render', 'railway', 'fly'];
const NEW = { version: '2.0.0', commit: 'beef' };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'ava-targets-'));
  for (const name of PROGRAMS) {
    const file = path.join(folder, name);
    // It notes how it was called, one line each, and fails where a file beside it says so.
    writeFileSync(
      file,
      `#!/bin/sh\nfor word in "$0" "$@"; do printf '%s|' "$word"; done >> "${folder}/calls"\necho >> "${folder}/calls"\n[ ! -e "${file}.fails" ]\n`,
    );
    chmodSync(file, 0o755);
  }
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function run(commands: Command[]): Promise<number[]> {
  const codes: number[] = [];
  const env = { PATH: `${folder}:${process.env['PATH']}` };
  for (const command of commands) codes.push((await runCommand({ ...command, env: { ...command.env, ...env } })).code);
  return codes;
}

function calls(): string[][] {
  const lines = readFileSync(path.join(folder, 'calls'), 'utf8').trim().split('\n');
  return lines.map((line) => {
    const [program = '', ...args] = line.split('|').slice(0, -1);
    return [path.basename(program), ...args];
  });
}

const A: Place = { name: 'ava-api', url: 'http://a' };

function stepsOf(target: Target): string[] {
  const replicas = [{ ...A, from: { version: '1.0.0' } }];
  const options = {
    kind: 'release',
    url: 'http://a',
    build: NEW,
    replicas,
    processes: 1,
    watch: '1h',
    startTimeout: '9s',
  } as const;
  return makePlan(target, options).before.map((step) => step.id);
}

describe('systemd on this host', () => {
  it('moves the link to the release and restarts the unit, and back by the same way', async () => {
    const root = path.join(folder, 'opt');
    for (const version of ['1.0.0', '2.0.0']) mkdirSync(path.join(root, 'releases', version), { recursive: true });
    const target = makeTarget('systemd', { root }, [A]);
    writeFileSync(path.join(root, 'releases/2.0.0/which'), 'new');
    writeFileSync(path.join(root, 'releases/1.0.0/which'), 'old');
    expect(await run(target.put(NEW, A))).toEqual([0, 0, 0]);
    expect(readFileSync(path.join(root, 'current/which'), 'utf8')).toBe('new');
    expect(await run(target.put({ version: '1.0.0' }, A))).toEqual([0, 0, 0]);
    expect(readFileSync(path.join(root, 'current/which'), 'utf8')).toBe('old');
    expect(calls()).toEqual(Array.from({ length: 2 }, () => ['systemctl', 'restart', 'ava-api']));
    expect(await run(target.prepare(NEW))).toEqual([1]);
    expect(stepsOf(target)).toEqual(['prepare', 'schema-check', 'migrate']);
  });

  it('asks the new version whether the running one can live with its schema, as the user of the service', async () => {
    await run(makeTarget('systemd', {}, [A]).checkSchema(NEW));
    expect(calls()[0]).toEqual(expect.arrayContaining(['systemd-run', '--property=User=ava', '--wait']));
    expect(calls()[0]?.slice(-3)).toEqual(['/opt/ava/releases/2.0.0/bin/ava.mjs', 'migrate', '--check']);
  });
});

describe('systemd over SSH', () => {
  it('runs the same on each host, never asks, and quotes what the shell over there would take apart', async () => {
    const place = { name: 'deploy@host', url: 'http://h' };
    const target = makeTarget('ssh', { root: '/opt/my ava', sudo: true }, [place]);
    await run(target.put(NEW, place));
    const [link, , restart] = calls();
    expect(link?.slice(1, 7)).toEqual(['-o', 'BatchMode=yes', '-o', 'ConnectTimeout=10', '--', 'deploy@host']);
    expect(link?.at(-1)).toBe("sudo -n ln -sfn '/opt/my ava/releases/2.0.0' '/opt/my ava/current.next'");
    expect(restart?.at(-1)).toBe('sudo -n systemctl restart ava-api');
  });
});

describe('platforms that roll by themselves', () => {
  it('Kubernetes: sets both images and waits; the check runs as a pod with the settings of the service', async () => {
    const target = makeTarget('kubernetes', { image: 'reg/ava:{version}', namespace: 'ops' }, [A]);
    await run([...target.checkSchema(NEW), ...target.put(NEW, A)]);
    const [check, set, status] = calls();
    expect(check).toEqual(expect.arrayContaining(['kubectl', '--namespace', 'ops', 'run', '--image=reg/ava:2.0.0']));
    const overrides = check?.find((word) => word.startsWith('--overrides='))?.slice('--overrides='.length);
    expect(JSON.parse(overrides!).spec.containers[0].command).toEqual([
      'node',
      'src/cli/main.ts',
      'migrate',
      '--check',
    ]);
    expect(set?.slice(3)).toEqual([
      'set',
      'image',
      'deployment/ava-api',
      'ava-api=reg/ava:2.0.0',
      'migrate=reg/ava:2.0.0',
    ]);
    expect(status?.slice(3, 5)).toEqual(['rollout', 'status']);
  });

  it('Kubernetes: a rollout that does not end well fails the step', async () => {
    writeFileSync(path.join(folder, 'kubectl.fails'), '');
    expect(await run(makeTarget('kubernetes', { image: 'reg/ava:{version}' }, [A]).put(NEW, A))).toEqual([1, 1]);
  });

  it('Render: deploys a commit, or an image, and waits for the outcome', async () => {
    await run(makeTarget('render', { service: 'srv-1' }, [A]).put(NEW, A));
    await run(makeTarget('render', { service: 'srv-1', image: 'reg/ava:{version}' }, [A]).put(NEW, A));
    const head = ['render', 'deploys', 'create', 'srv-1'];
    const tail = ['--wait', '--confirm', '--output', 'json'];
    expect(calls()).toEqual([
      [...head, '--commit', 'beef', ...tail],
      [...head, '--image', 'reg/ava:2.0.0', ...tail],
    ]);
    expect(() => makeTarget('render', { service: 'srv-1' }, [A]).put({ version: '1' }, A)).toThrow(BadOption);
  });

  it('Railway: uploads the folder of the version', async () => {
    const target = makeTarget('railway', { service: 'ava', environment: 'production', source: 'rel/{version}' }, [A]);
    await run(target.put(NEW, A));
    expect(calls()).toEqual([
      ['railway', 'up', 'rel/2.0.0', '--ci', '--service', 'ava', '--environment', 'production'],
    ]);
  });

  it('Fly.io: deploys the image, rolling', async () => {
    await run(makeTarget('fly', { app: 'ava-api', image: 'registry.fly.io/ava-api:{version}' }, [A]).put(NEW, A));
    const config = ['--config', 'deploy/fly.toml'];
    const image = ['--image', 'registry.fly.io/ava-api:2.0.0', '--strategy', 'rolling'];
    expect(calls()).toEqual([['fly', 'deploy', '--app', 'ava-api', ...config, ...image]]);
  });
});

describe("commands of one's own", () => {
  it('are told the version, the replica and its address in variables, so that nothing is pasted into a shell', async () => {
    const start = `printf '%s' "$RELEASE_VERSION $RELEASE_REPLICA $RELEASE_URL $RELEASE_COMMIT" > "${folder}/told"`;
    expect(await run(makeTarget('command', { start, stop: 'true' }, [A]).put(NEW, A))).toEqual([0, 0]);
    expect(readFileSync(path.join(folder, 'told'), 'utf8')).toBe('2.0.0 ava-api http://a beef');
  });

  it('end with their own code, also when they leave something running or are not there at all', async () => {
    const started = await runCommand({ argv: ['/bin/sh', '-c', 'sleep 30 & echo $!; exit 3'] });
    expect(started.code).toBe(3);
    process.kill(Number(started.output));
    expect((await runCommand({ argv: ['no-such-program-here'] })).code).toBe(127);
    expect((await runCommand({ argv: ['sleep', '30'] }, 50)).output).toContain('It took longer');
  });
});
