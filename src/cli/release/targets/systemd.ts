/**
 * systemd on this host, as deploy/systemd installs it: releases lie in ROOT/releases/VERSION, ROOT/current points at one.
 * Several units on the host may run from it: `--replica ava-api@1=URL --replica ava-api@2=URL`.
 */
import { type Build, commands, type Place, type Target, TARGET_DRAINS, type TargetGiven } from './target.ts';

export function systemdTarget(given: TargetGiven): Target {
  const host = hostCommands(given);
  return {
    name: 'systemd',
    rolls: 'ava',
    prepare: (build) => commands(host.isThere(build)),
    checkSchema: (build) => commands(host.ava(build, 'migrate', '--check')),
    migrate: (build) => commands(host.ava(build, 'migrate')),
    put: (build, place) => commands(...host.put(build, unitOf(place, given))),
    drains: TARGET_DRAINS,
    schemaNote: '',
  };
}

/** What is run on a host, by whatever way. */
export function hostCommands({ root = '/opt/ava', sudo }: TargetGiven) {
  const asRoot = sudo ? ['sudo', '-n'] : [];
  const folder = ({ version }: Build) => `${root}/releases/${version}`;
  return {
    isThere: (build: Build) => ['test', '-x', `${folder(build)}/bin/ava.mjs`],
    /** A command of that release, with the settings and the user of the service. */
    ava: (build: Build, ...args: string[]) => [
      ...asRoot,
      ...['systemd-run', '--quiet', '--pipe', '--wait', '--collect', '--property=User=ava'],
      ...['--property=EnvironmentFile=/etc/ava/ava.env', `--property=WorkingDirectory=${folder(build)}`],
      ...['--setenv=AVA_ENV=production', '--setenv=AVA_DATA_DIR=/var/lib/ava'],
      ...[`${folder(build)}/bin/ava.mjs`, ...args],
    ],
    // The link is made beside and moved over: there is no moment without one.
    put: (build: Build, unit: string) => [
      [...asRoot, 'ln', '-sfn', folder(build), `${root}/current.next`],
      [...asRoot, 'mv', '-T', `${root}/current.next`, `${root}/current`],
      [...asRoot, 'systemctl', 'restart', unit],
    ],
  };
}

function unitOf({ name }: Place, { unit }: TargetGiven): string {
  return unit ?? name;
}
