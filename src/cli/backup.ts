/** `ava backup`, `ava restore`: everything that is committed, in one file; also the way from the embedded database to PostgreSQL. */
import { createReadStream, createWriteStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import type { Command } from 'commander';
import { backupDatabase, type BackupReport } from '../db/backup.ts';
import { copyDatabase, restoreDatabase } from '../db/restore.ts';
import { findDatabase, settleConfig } from './settle.ts';

export function registerBackup(program: Command): void {
  program
    .command('backup')
    .description('write everything that is committed into a file, while the server runs')
    .argument('<file>', 'where to write it')
    .option('--json', 'answer as JSON')
    .action(backup);

  program
    .command('restore')
    .description('fill an empty database from a backup; all of it or nothing')
    .argument('[file]', 'a file that `ava backup` wrote')
    .option('--from <url>', 'copy from this database instead of a file: the way from the embedded one to PostgreSQL')
    .option('--json', 'answer as JSON')
    .action(restore);
}

type Options = { json?: boolean; from?: string };

async function backup(file: string, options: Options): Promise<void> {
  await withDatabase(async (url) => {
    const draft = `${file}.part`;
    const report = await backupDatabase(url, createWriteStream(draft, { mode: 0o600 }), progress);
    // A backup that was cut short never bears the name of a whole one.
    await rename(draft, file);
    say(report, options, `Wrote ${file}. To be of use it needs the same AVA_SECRET_KEY.`);
  });
}

async function restore(file: string | undefined, options: Options): Promise<void> {
  const { from } = options;
  if ((file === undefined) === (from === undefined)) throw new Error('Name a backup file, or a database with --from.');
  await withDatabase(async (url) => {
    const report =
      from === undefined
        ? await restoreDatabase(url, createReadStream(file!), progress)
        : await copyDatabase(from, url, progress);
    say(report, options, 'Restored.');
  });
}

async function withDatabase(work: (url: string) => Promise<void>): Promise<void> {
  const found = await findDatabase(settleConfig().config);
  try {
    await work(found.url);
  } finally {
    await found.stop();
  }
}

function progress(table: string): void {
  process.stderr.write(`${table} ...\n`);
}

function say(report: BackupReport, options: Options, sentence: string): void {
  const { tables, rows, madeAt } = report;
  if (options.json) process.stdout.write(`${JSON.stringify({ tables, rows, made_at: madeAt.toISOString() })}\n`);
  else process.stdout.write(`${sentence} ${rows} rows of ${tables} tables, as of ${madeAt.toISOString()}.\n`);
}
