/** LIST: every command of `ava`. */
import { Command } from 'commander';
import { registerBackup } from './backup.ts';
import { registerFallback } from './fallback.ts';
import { EXIT } from './settle.ts';
import { registerRelease } from './release/release.ts';
import { registerSimulate } from './simulate.ts';
import { findSimulator } from './simulate-control.ts';
import { registerStory } from './story.ts';
import { registerWebhooks } from './webhooks.ts';
import { registerVerify } from './verify.ts';
import { registerWatch } from './watch.ts';

const program = new Command('ava')
  .description('Control plane that keeps AI phone assistants answering')
  .showHelpAfterError()
  .exitOverride((end) => process.exit(end.exitCode === 0 ? EXIT.ok : EXIT.usage));

program
  .command('serve')
  .description('run the server')
  .action(async () => (await import('./serve.ts')).serve());

program
  .command('demo')
  .description('run AVA with simulated vendors, a demo tenant and some calls')
  .action(async () => (await import('./demo.ts')).demo());

program
  .command('migrate')
  .description('bring the database up to date')
  .option('--check', 'only say whether the versions that run can live with this one; exit 1 when they cannot')
  .option('--unchecked', 'apply it although that was not looked at; for an emergency')
  .option('--json', 'answer as JSON')
  .action(async (options) => (await import('./migrate.ts')).migrateCommand(options));

program
  .command('config')
  .description('show the effective settings, secrets masked')
  .option('--json', 'answer as JSON')
  .action(async (options) => (await import('./config.ts')).configCommand(options));

program
  .command('doctor')
  .description('check configuration, database, vendors, disk and clock, and say what to do')
  .option('--json', 'answer as JSON')
  .action(async (options) => (await import('./doctor.ts')).doctor(options));

program
  .command('user')
  .description('people who may sign in')
  .command('create')
  .description('make a user, and the tenant when there is none of that name; the first user is an operator')
  .requiredOption('--email <address>', 'e-mail to sign in with')
  .requiredOption('--password <password>', 'at least 10 characters')
  .requiredOption('--tenant <name>', 'name of the tenant')
  .option('--role <role>', 'owner, admin, editor or viewer', 'owner')
  .option('--operator', 'may touch what all tenants share')
  .option('--json', 'answer as JSON')
  .action(async (options) => (await import('./accounts.ts')).createUserCommand(options));

program
  .command('token')
  .description('print an access token and nothing else')
  .requiredOption('--email <address>', 'whose token')
  .option('--tenant <name>', "name of one of the user's tenants; by default the first")
  .option('--ttl <time>', 'how long it is good: 1m to 24h', '1h')
  .action(async (options) => (await import('./accounts.ts')).tokenCommand(options));

registerVerify(program);
registerWatch(program);
registerRelease(program);

registerBackup(program);

registerSimulate(program, findSimulator);

registerWebhooks(program);

registerStory(program);

registerFallback(program);

/** Does what the words after `ava` say; rejects with what could not be done. */
export async function runCommand(): Promise<void> {
  await program.parseAsync();
}
