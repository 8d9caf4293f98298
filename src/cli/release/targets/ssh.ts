/** systemd on other hosts, over SSH: `--replica user@host=URL`, the same layout as for systemd on each. */
import { hostCommands } from './systemd.ts';
import { BadOption, commands, type Place, type Target, TARGET_DRAINS, type TargetGiven } from './target.ts';

export function sshTarget(given: TargetGiven, places: readonly Place[]): Target {
  const host = hostCommands(given);
  const unit = given.unit ?? 'ava-api';
  const [first] = places;
  if (first === undefined) throw new BadOption('--target ssh needs --replica user@host=URL, once for each host.');
  return {
    name: 'ssh',
    rolls: 'ava',
    prepare: (build) => commands(...places.map((place) => over(place, host.isThere(build)))),
    checkSchema: (build) => commands(over(first, host.ava(build, 'migrate', '--check'))),
    migrate: (build) => commands(over(first, host.ava(build, 'migrate'))),
    put: (build, place) => commands(...host.put(build, unit).map((argv) => over(place, argv))),
    drains: TARGET_DRAINS,
    schemaNote: '',
  };
}

/** Never asks anything; ssh hands the words to the shell over there, so each is quoted. */
function over({ name }: Place, argv: readonly string[]): string[] {
  const line = argv.map(quoted).join(' ');
  return ['ssh', '-o', 'BatchMode=yes', '-o', 'ConnectTimeout=10', '--', name, line];
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
