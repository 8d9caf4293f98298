import { migrate } from '../db/migrate.ts';
import { checkRelease, type ReleaseCheck } from '../db/release-check/check.ts';
import { EXIT, findDatabase, settleConfig } from './settle.ts';

type Options = { check?: boolean; unchecked?: boolean; json?: boolean };

/**
 * `ava migrate`: applies what is pending, unless a version that runs could not live with it. With `--check` it only
 * says so, and exits 1 where this version must not be released now.
 */
export async function migrateCommand(options: Options): Promise<void> {
  const { config } = settleConfig();
  const found = await findDatabase(config);
  try {
    const checked = options.unchecked ? undefined : await checkRelease(found.url);
    if (checked && (options.check || checked.problems.length > 0)) return report(checked, options);
    if (checked?.untried) process.stderr.write(`${checked.untried}\n`);
    const applied = await migrate({ url: found.url, log: { info: () => {} } });
    say(options, { applied }, applied.length > 0 ? `Applied ${applied.join(', ')}.` : 'The database is up to date.');
  } finally {
    await found.stop();
  }
}

function report(checked: ReleaseCheck, options: Options): void {
  say(options, checked, checked.fits ? fine(checked) : refusal(checked));
  if (!checked.fits) process.exitCode = EXIT.failed;
}

function fine({ pending, unknown, running }: ReleaseCheck): string {
  const newer = unknown.length > 0 ? ` A newer version has also applied ${unknown.join(', ')}.` : '';
  if (pending.length === 0) return `This version may be released. Nothing is pending.${newer}`;
  const beside = running.map(({ version, commit, replicas }) => `${replicas} of ${version} (${commit})`).join(', ');
  const who = beside === '' ? '' : ` The replicas that run can live with it: ${beside}.`;
  return `This version may be released. Pending: ${pending.join(', ')}; run \`ava migrate\`.${who}${newer}`;
}

function refusal({ problems, untried }: ReleaseCheck): string {
  const lines = problems.map(({ problem, remedy }) => `  - ${problem} ${remedy}`);
  if (untried !== null)
    lines.push(`  - ${untried} Let it create databases (alter role … createdb), or ask from a clone.`);
  return ['This version must not be released now; nothing was changed.', ...lines].join('\n');
}

function say(options: Options, data: object, sentence: string): void {
  process.stdout.write(options.json ? `${JSON.stringify(data)}\n` : `${sentence}\n`);
}
