/** What deploy/, Dockerfile and compose.yaml ship: read by the programs and schemas that will read them, and in step with the code. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { Service } from 'kubernetes-models/v1/Service';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import manifest from '../package.json' with { type: 'json' };
import { SETTINGS } from '../src/config.ts';
import { readSources } from './house/imports.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const run = promisify(execFile);
const read = (name: string) => readFileSync(path.join(ROOT, name), 'utf8');
const find = (...files: string[]) => files.find((file) => existsSync(file));

const haproxy = find('/usr/sbin/haproxy', '/usr/local/sbin/haproxy');
const systemdAnalyze = find('/usr/bin/systemd-analyze', '/bin/systemd-analyze');
const KNOWN = new Set<string>([
  ...Object.values(SETTINGS as Record<string, { name: string }>).map(({ name }) => name),
  'AVA_DATA_DIR',
]);

type Manifest = { kind: string; spec: Record<string, unknown> };
const manifests = parseAllDocuments(read('deploy/kubernetes/ava-api.yaml')).map((one) => one.toJS() as Manifest);
const MODELS: Record<string, { new (data: never): { validate(): void }; path: string }> = {
  Deployment: Object.assign(Deployment, { path: 'apps/v1' }),
  Service: Object.assign(Service, { path: 'v1' }),
  PodDisruptionBudget: Object.assign(PodDisruptionBudget, { path: 'policy/v1' }),
  HorizontalPodAutoscaler: Object.assign(HorizontalPodAutoscaler, { path: 'autoscaling/v2' }),
  NetworkPolicy: Object.assign(NetworkPolicy, { path: 'networking.k8s.io/v1' }),
} as never;

describe('deploy/kubernetes', () => {
  it('is valid by the schemas of Kubernetes, kind by kind', () => {
    expect(manifests.map(({ kind }) => kind)).toEqual(Object.keys(MODELS));
    for (const one of manifests) new MODELS[one.kind]!(one as never).validate();
  });

  it('has no field that Kubernetes does not know', { timeout: 180_000 }, async () => {
    const folder = mkdtempSync(path.join(ROOT, 'node_modules', '.deploy-test-'));
    try {
      const lines = manifests.map(
        (one, index) =>
          `import type { I${one.kind} } from 'kubernetes-models/${MODELS[one.kind]!.path}/${one.kind}';\n` +
          `export const a${index} = (${JSON.stringify(one)}) satisfies I${one.kind};\n`,
      );
      writeFileSync(path.join(folder, 'manifests.ts'), lines.join(''));
      const tsc = path.join(ROOT, 'node_modules', '.bin', 'tsc');
      const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'es2024'];
      const checked = await run(tsc, ['--ignoreConfig', ...options, path.join(folder, 'manifests.ts')]).catch(
        (error) => error,
      );
      expect(checked.stdout).toBe('');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('replaces pods without a gap, and lets each drain before it is killed', () => {
    const { strategy, template } = manifests[0]!.spec as never as {
      strategy: { rollingUpdate: object };
      template: { spec: { terminationGracePeriodSeconds: number; containers: Container[] } };
    };
    expect(strategy.rollingUpdate).toEqual({ maxSurge: 1, maxUnavailable: 0 });
    const [container] = template.spec.containers;
    const graceS = Number(container!.env.find(({ name }) => name === 'SHUTDOWN_GRACE_SECONDS')?.value);
    const preStopS = Number(container!.lifecycle.preStop.exec.command[1]);
    expect(template.spec.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(graceS + preStopS + 10);
    expect(container!.readinessProbe).toMatchObject({ httpGet: { path: '/readyz/calls' }, failureThreshold: 3 });
    for (const { name } of container!.env) expect(KNOWN, name).toContain(name);
  });
});

type Container = {
  env: { name: string; value: string }[];
  lifecycle: { preStop: { exec: { command: string[] } } };
  readinessProbe: object;
};

describe('deploy/haproxy', () => {
  it.skipIf(!haproxy)('is accepted by haproxy', async () => {
    const file = path.join(ROOT, 'deploy/haproxy/haproxy.cfg');
    const env = { AVA_1: '127.0.0.1:8001', AVA_2: '127.0.0.1:8002' };
    const { stdout, stderr } = await run(haproxy!, ['-c', '-f', file], { env });
    expect(`${stdout}${stderr}`).not.toMatch(/WARNING|ALERT/);
  });
});

describe('deploy/systemd', () => {
  it.skipIf(!systemdAnalyze)('is accepted by systemd, and exposes little', { timeout: 120_000 }, async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'ava-unit-'));
    const unit = path.join(folder, 'ava-api.service');
    // The program and the user of the unit are not on this machine.
    const text = read('deploy/systemd/ava-api.service')
      .replace(/^ExecStart=.*/m, 'ExecStart=/bin/true')
      .replace(/^(User|Group)=ava$/gm, '$1=root');
    writeFileSync(unit, text);
    const socket = path.join(folder, 'ava-api.socket');
    writeFileSync(socket, read('deploy/systemd/ava-api.socket'));
    const verified = await run(systemdAnalyze!, ['verify', unit, socket]).catch((error) => error);
    const complaints = String(verified.stderr)
      .split('\n')
      .filter((line) => /ava-api\.(service|socket)/.test(line));
    expect(complaints).toEqual([]);
    const { stdout } = await run(systemdAnalyze!, ['security', '--offline=true', unit]).catch((error) => error);
    expect(Number(/exposure level for [^:]*: (\d+\.\d)/.exec(stdout)?.[1])).toBeLessThanOrEqual(3);
    rmSync(folder, { recursive: true, force: true });
  });

  it('keeps the door open while the service is restarted', () => {
    expect(read('deploy/systemd/ava-api.service')).toMatch(/^Requires=ava-api\.socket$/m);
    expect(read('deploy/systemd/ava-api.socket')).toMatch(/^ListenStream=0\.0\.0\.0:8000$/m);
  });

  it('gives a stopped server more time than its own grace', () => {
    const unit = read('deploy/systemd/ava-api.service');
    expect(Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1])).toBeGreaterThanOrEqual(DEFAULT_GRACE_S + 10);
    expect(existsSync(path.join(ROOT, 'bin/ava.mjs'))).toBe(true);
  });
});

const DEFAULT_GRACE_S = Number(SETTINGS.shutdownGraceSeconds.default);

describe('the platforms that deploy on push', () => {
  it('render.yaml has only fields of a blueprint, and time to drain', () => {
    const blueprint = parse(read('deploy/render.yaml')) as { services: Record<string, unknown>[]; databases: object[] };
    const fields =
      'type name runtime plan numInstances healthCheckPath preDeployCommand maxShutdownDelaySeconds envVars ipAllowList region branch repo autoDeployTrigger dockerfilePath scaling domains';
    for (const service of blueprint.services)
      expect(fields.split(' ')).toEqual(expect.arrayContaining(Object.keys(service)));
    const [web, cache] = blueprint.services as [Web, { type: string; name: string }];
    expect(web.maxShutdownDelaySeconds).toBeGreaterThanOrEqual(graceOf(web.envVars) + 10);
    expect(cache.type).toBe('keyvalue');
    for (const { key } of web.envVars) expect(KNOWN, key).toContain(key);
  });

  it('railway.json likewise', () => {
    const { build, deploy } = JSON.parse(read('deploy/railway.json')) as {
      build: object;
      deploy: Record<string, number>;
    };
    expect(['builder', 'dockerfilePath']).toEqual(Object.keys(build));
    const fields =
      'startCommand preDeployCommand healthcheckPath healthcheckTimeout numReplicas overlapSeconds drainingSeconds restartPolicyType restartPolicyMaxRetries';
    expect(fields.split(' ')).toEqual(expect.arrayContaining(Object.keys(deploy)));
    expect(deploy['drainingSeconds']).toBeGreaterThanOrEqual(DEFAULT_GRACE_S + 10);
  });

  it('fly.toml likewise', () => {
    const fly = readToml(read('deploy/fly.toml'));
    const sections = [
      '',
      'build',
      'deploy',
      'env',
      'http_service',
      'http_service.concurrency',
      'http_service.checks',
      'vm',
      'metrics',
    ];
    expect(sections).toEqual(Object.keys(fly));
    expect(Number(fly['']!['kill_timeout'])).toBeGreaterThanOrEqual(Number(fly['env']!['SHUTDOWN_GRACE_SECONDS']) + 10);
    expect(fly['http_service']!['internal_port']).toBe(fly['env']!['PORT']);
    expect(existsSync(path.join(ROOT, 'deploy', fly['build']!['dockerfile']!))).toBe(true);
    for (const name of Object.keys(fly['env']!)) expect(KNOWN, name).toContain(name);
  });

  it('start what the command line has', () => {
    const commands = read('src/cli/main.ts');
    for (const file of ['deploy/render.yaml', 'deploy/railway.json', 'deploy/fly.toml', 'compose.yaml', 'Dockerfile']) {
      const used = [...read(file).matchAll(/(?:src\/cli\/main\.ts|dist\/server\/ava\.js)'?"?,? ['"]?([a-z]+)/g)].map(
        (match) => match[1],
      );
      for (const name of used) expect(commands, `${file}: ${name}`).toContain(`.command('${name}')`);
      expect(used.length, file).toBeGreaterThan(0);
    }
  });
});

type Web = { maxShutdownDelaySeconds: number; envVars: { key: string; value?: string }[] };
const graceOf = (envVars: Web['envVars']) => Number(envVars.find(({ key }) => key === 'SHUTDOWN_GRACE_SECONDS')?.value);

/** As much of TOML as fly.toml uses: sections of plain values. */
function readToml(text: string): Record<string, Record<string, string>> {
  const sections: Record<string, Record<string, string>> = { '': {} };
  let at = '';
  for (const line of text.split('\n').map((one) => one.trim())) {
    const section = /^\[{1,2}([^\]]+)\]{1,2}$/.exec(line)?.[1];
    if (section !== undefined) sections[(at = section)] ??= {};
    const [, key, value] = /^([a-zA-Z_]+) = "?([^"]*)"?$/.exec(line) ?? [];
    if (key !== undefined) sections[at]![key] = value!;
  }
  return sections;
}

describe('compose.yaml', () => {
  const compose = parse(read('compose.yaml'), { merge: true }) as {
    services: Record<
      string,
      {
        depends_on?: object;
        volumes?: string[];
        build?: string;
        image?: string;
        environment?: object;
        stop_grace_period?: string;
      }
    >;
    volumes: object;
  };
  const services = Object.entries(compose.services);

  it('names only services, volumes and files that are there', () => {
    for (const [name, service] of services) {
      expect(service.build ?? service.image, name).toMatch(/^\.$|:[\w.-]+$/);
      const { depends_on: needs = [] } = service;
      for (const other of Array.isArray(needs) ? needs : Object.keys(needs))
        expect(compose.services).toHaveProperty([other]);
      for (const volume of service.volumes ?? []) {
        const [source = ''] = volume.split(':');
        if (source.startsWith('.')) expect(existsSync(path.join(ROOT, source)), volume).toBe(true);
        else expect(compose.volumes, volume).toHaveProperty([source]);
      }
    }
  });

  it('gives each replica time to drain, and settings that AVA knows', () => {
    const replicas = services.filter(([name]) => /^ava-\d/.test(name)).map(([, service]) => service);
    expect(replicas.length).toBe(2);
    for (const { environment, stop_grace_period: period } of replicas) {
      const given = environment as Record<string, string>;
      for (const name of Object.keys(given)) expect(KNOWN, name).toContain(name);
      expect(Number.parseInt(period ?? '', 10)).toBeGreaterThanOrEqual(Number(given['SHUTDOWN_GRACE_SECONDS']) + 10);
    }
  });
});

describe('Dockerfile', () => {
  const text = read('Dockerfile').replaceAll('\\\n', ' ');
  const lines = text.split('\n').filter((line) => line && !line.startsWith('#'));
  const last = (word: string) => lines.findLast((line) => line.startsWith(`${word} `))?.slice(word.length + 1);

  it('runs as a user without rights, on a pinned major version, with a health check and an orderly end', () => {
    for (const line of lines.filter((one) => one.startsWith('FROM '))) expect(line).toMatch(/^FROM node:24-slim/);
    expect(last('USER')).toBe('node');
    expect(last('STOPSIGNAL')).toBe('SIGTERM');
    expect(lines.some((line) => line.startsWith('ADD '))).toBe(false);
    for (const word of ['CMD', 'HEALTHCHECK']) {
      const given = last(word)!.replace(/^--.* CMD /, '');
      expect(JSON.parse(given)[0]).toBe('node');
    }
  });

  it('copies what is there, and leaves out nothing that the server loads', () => {
    const copied = lines
      .filter((line) => line.startsWith('COPY ') && !line.includes('--from'))
      .flatMap((line) => line.split(' ').slice(1, -1));
    for (const file of copied) expect(existsSync(path.join(ROOT, file)), file).toBe(true);
    const removed = /rm -rf ([^\n&]*)/.exec(text)![1]!.trim().split(/\s+/);
    const production = new Set(Object.keys(manifest.dependencies));
    const server = readSources('src').filter(({ name }) => !name.endsWith('.test.ts') && !name.startsWith('src/web/'));
    const missing = server.flatMap(({ name, imports, packages }) => [
      ...imports
        .filter(({ target }) => removed.some((folder) => target.startsWith(`${folder}/`)))
        .map(({ target }) => `${name}: ${target}`),
      ...packages
        .filter((one) => !one.startsWith('node:') && !production.has(packageOf(one)) && !ASKED_FOR.includes(one))
        .map((one) => `${name}: ${one}`),
    ]);
    expect(missing).toEqual([]);
    expect(readdirSync(ROOT)).toEqual(expect.arrayContaining(['bin', 'src', 'package-lock.json']));
  });
});

/** Loaded only by a check that says so where it is missing. */
const ASKED_FOR = ['playwright-core'];

const packageOf = (name: string) =>
  name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/');
