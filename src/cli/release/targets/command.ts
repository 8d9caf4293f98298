/**
 * Any commands of one's own, run by the shell. They are told what is wanted in RELEASE_VERSION, RELEASE_COMMIT,
 * RELEASE_REPLICA and RELEASE_URL, so nothing has to be pasted into a command line.
 */
import {
  type Build,
  type Command,
  needed,
  type Place,
  type Target,
  TARGET_DRAINS,
  type TargetGiven,
} from './target.ts';

export function commandTarget(given: TargetGiven): Target {
  const start = needed(given.start, '--start, the command that starts $RELEASE_VERSION as $RELEASE_REPLICA', 'command');
  return {
    name: 'command',
    rolls: 'ava',
    prepare: () => [],
    checkSchema: (build) => shell(given.check, build),
    migrate: (build) => shell(given.migrate, build),
    put: (build, place) => [...shell(given.stop, build, place), ...shell(start, build, place)],
    drains: given.stop === undefined ? 'by the start command' : `by the stop command; ${TARGET_DRAINS}`,
    schemaNote: 'nobody: pass --check, such as your way to run `ava migrate --check` of the new version',
  };
}

function shell(line: string | undefined, { version, commit = '' }: Build, place?: Place): Command[] {
  if (line === undefined) return [];
  const env = {
    RELEASE_VERSION: version,
    RELEASE_COMMIT: commit,
    ...(place !== undefined && { RELEASE_REPLICA: place.name, RELEASE_URL: place.url }),
  };
  return [{ argv: ['/bin/sh', '-c', line], env }];
}
