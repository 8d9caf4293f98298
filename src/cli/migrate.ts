import { migrate, readMigrationState } from '../db/migrate.ts';
import { EXIT, findDatabase, settleConfig } from './settle.ts';

/** `ava migrate`: applies what is pending, or with `--check` only says it. */
export async function migrateCommand(options: { check?: boolean; json?: boolean }): Promise<void> {
  const { config } = settleConfig();
  const found = await findDatabase(config);
  try {
    if (options.check) return report(await readMigrationState(found.url), options);
    const applied = await migrate({ url: found.url, log: { info: () => {} } });
    say(options, { applied }, applied.length > 0 ? `Applied ${applied.join(', ')}.` : 'The database is up to date.');
  } finally {
    await found.stop();
  }
}

function report(state: { applied: string[]; pending: string[]; unknown: string[] }, options: { json?: boolean }): void {
  const newer = state.unknown.length > 0 ? ` A newer version has also applied ${state.unknown.join(', ')}.` : '';
  const pending =
    state.pending.length > 0 ? `Pending: ${state.pending.join(', ')}. Run \`ava migrate\`.` : 'Nothing is pending.';
  say(options, state, pending + newer);
  if (state.pending.length > 0) process.exitCode = EXIT.failed;
}

function say(options: { json?: boolean }, data: object, sentence: string): void {
  process.stdout.write(options.json ? `${JSON.stringify(data)}\n` : `${sentence}\n`);
}
