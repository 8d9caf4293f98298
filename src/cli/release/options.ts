/** What `ava release` and `ava rollback` take, read and checked. */
import { Option, type Command as Program } from 'commander';
import type { JournalSettings } from './journal.ts';
import { askHealth, type Health } from './prove.ts';
import type { ReplicaPlan } from './plan.ts';
import {
  BadOption,
  type Build,
  type Place,
  TARGET_NAMES,
  type TargetGiven,
  type TargetName,
} from './targets/target.ts';

export type ReleaseGiven = TargetGiven & {
  target?: TargetName;
  version?: string;
  to?: string;
  commit?: string;
  replica: string[];
  replicas?: string;
  url: string;
  token?: string;
  watch: string;
  every?: string;
  startTimeout: string;
  limit?: string;
  metricsToken?: string;
  state: string;
  html?: string;
  dryRun?: boolean;
  json?: boolean;
  resume?: boolean;
  accept?: boolean;
  takeOver?: boolean;
};

export function addOptions(program: Program): Program {
  const more = (value: string, before: string[]) => [...before, value];
  return program
    .addOption(new Option('--target <name>', 'where it is put').choices(TARGET_NAMES))
    .option('--commit <commit>', 'commit of the version; /healthz must name it too')
    .option('--replica <name=address>', 'a replica and its own address; once for each', more, [])
    .option('--replicas <number>', 'how many answer at --url, where they have no addresses of their own')
    .option('--url <address>', 'where AVA answers', 'http://127.0.0.1:8000')
    .option('--token <token>', "an operator's access token that outlives the watch; by default AVA_TOKEN")
    .option('--start-timeout <time>', 'how long a replica may take to answer as the new version', '120s')
    .option('--limit <number>', 'requests a minute that one user may make; by default as the server tells')
    .option('--metrics-token <token>', 'where METRICS_TOKEN is set')
    .option('--state <file>', 'what is known so far; an interrupted release goes on from it', '.ava-release.json')
    .option('--html <file>', 'write one page that says what happened and why')
    .option('--dry-run', 'only show the plan')
    .option('--json', 'answer as JSON')
    .option('--take-over', 'end a release that another process began and gave up')
    .option('--unit <name>', 'systemd, ssh: the unit; by default the name of the replica (systemd) or ava-api (ssh)')
    .option('--root <folder>', 'systemd, ssh: where releases/VERSION and the link current are (/opt/ava)')
    .option('--sudo', 'systemd, ssh: run as root with sudo')
    .option('--image <template>', 'kubernetes, fly, render: such as registry/ava-api:{version}')
    .option('--namespace <name>', 'kubernetes')
    .option('--context <name>', 'kubernetes')
    .option('--deployment <name>', 'kubernetes: by default ava-api')
    .option('--service <id>', 'render, railway')
    .option('--environment <name>', 'railway')
    .option('--app <name>', 'fly')
    .option('--fly-config <file>', 'fly: by default deploy/fly.toml')
    .option('--ref <template>', 'render: the commit to deploy, by default {commit}')
    .option('--source <template>', 'railway: the folder of a version, such as releases/{version}')
    .option('--start <command>', 'command: starts $RELEASE_VERSION as $RELEASE_REPLICA')
    .option('--stop <command>', 'command: drains and stops $RELEASE_REPLICA')
    .option('--check <command>', 'command: `ava migrate --check` of $RELEASE_VERSION')
    .option('--migrate <command>', 'command: `ava migrate` of $RELEASE_VERSION');
}

const UNIT_MS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export function durationOf(text: string, option: string): number {
  const match = /^(\d{1,6})([smhd])$/.exec(text);
  if (match === null) throw new BadOption(`${option} takes 30s, 10m, 1h or 1d.`);
  return Number(match[1]) * UNIT_MS[match[2]!]!;
}

export function settingsOf(given: ReleaseGiven): JournalSettings {
  const watchMs = durationOf(given.watch, '--watch');
  const everyMs =
    given.every === undefined ? Math.min(15_000, Math.ceil(watchMs / 10)) : durationOf(given.every, '--every');
  const limit = given.limit === undefined ? undefined : countOf(given.limit, '--limit');
  return { watchMs, everyMs, startTimeoutMs: durationOf(given.startTimeout, '--start-timeout'), limit };
}

function countOf(text: string, option: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 1_000_000)
    throw new BadOption(`${option} is a whole number from 1.`);
  return count;
}

export function processesOf({ replica, replicas }: ReleaseGiven): number {
  return replica.length > 0 || replicas === undefined ? 1 : countOf(replicas, '--replicas');
}

export function tokenOf({ token }: ReleaseGiven): string {
  const found = (token ?? process.env['AVA_TOKEN'] ?? '').trim();
  if (found === '') throw new BadOption('Pass --token, for instance --token "$(ava token --email you@… --ttl 4h)".');
  return found;
}

const VERSION = /^[0-9A-Za-z][0-9A-Za-z._+-]{0,99}$/;

export function buildOf(version: string | undefined, commit: string | undefined, option: string): Build {
  if (version === undefined) throw new BadOption(`${option} is needed.`);
  for (const word of [version, commit]) {
    if (word !== undefined && !VERSION.test(word)) throw new BadOption(`"${word}" is no version or commit.`);
  }
  return { version, commit };
}

const NAME = /^[\w][\w.@-]{0,99}$/;

/** The replicas by name and address; without any, the one address of all. */
export function placesOf({ replica, url, unit }: ReleaseGiven): Place[] {
  if (replica.length === 0) return [{ name: unit ?? 'ava-api', url: addressOf(url) }];
  const places = replica.map((text, index) => {
    const [, name = `ava-${index + 1}`, address = ''] = /^(?:([^=/]+)=)?(https?:.*)$/.exec(text) ?? [];
    if (!NAME.test(name)) throw new BadOption(`--replica ${text}: "${name}" is no name for a replica.`);
    return { name, url: addressOf(address, text) };
  });
  if (new Set(places.map(({ name }) => name)).size < places.length) throw new BadOption('Two replicas have one name.');
  return places;
}

export function addressOf(url: string, told = url): string {
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) throw new BadOption(`"${told}" is no http address.`);
  return url.replace(/\/$/, '');
}

/** What each replica runs now. A release begins with all of them (throws `BadOption`); a rollback with what there is. */
export async function askReplicas(places: readonly Place[], kind: 'release' | 'rollback'): Promise<ReplicaPlan[]> {
  const found = await Promise.all(places.map(async (place) => ({ place, health: await askHealth(place.url) })));
  const silent = found.filter(({ health }) => health === undefined).map(({ place }) => `${place.name} (${place.url})`);
  if (silent.length > 0 && kind === 'release') {
    throw new BadOption(`${silent.join(', ')} does not answer /healthz; a release begins with all.`);
  }
  return found.map(({ place, health }) => ({
    ...place,
    from: health === undefined ? { version: 'unknown' } : buildFrom(health),
  }));
}

function buildFrom({ version, commit }: Health): Build {
  return { version, commit: commit === 'unknown' ? undefined : commit };
}
