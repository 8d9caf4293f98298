/** LIST: every command of `ava`. */
import { Command } from 'commander';
import { EXIT } from './settle.ts';

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
  .option('--check', 'only say what is pending; exit 1 when something is')
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

await program.parseAsync().catch((error: unknown) => {
  process.stderr.write(`ava: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = EXIT.failed;
});
