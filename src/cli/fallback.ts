/** `ava fallback export`: what callers hear while all of AVA is away, as files for any static host. */
import { mkdir, readdir, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { exportFallback } from '../features/phone-numbers/fallback-export.ts';
import { loadRouting } from '../features/phone-numbers/routing-store.ts';
import { openDatabase, settleConfig } from './settle.ts';

export function registerFallback(program: Command): void {
  program
    .command('fallback')
    .description('what callers hear while AVA is away')
    .command('export')
    .description('write the fallback plans as TwiML files for a static host, which FALLBACK_URL then names')
    .argument('<dir>', 'where to; files of numbers that are gone are removed')
    .option('--json', 'answer as JSON')
    .action(exportCommand);
}

async function exportCommand(dir: string, options: { json?: boolean }): Promise<void> {
  const { config } = settleConfig();
  const opened = await openDatabase(config);
  try {
    const numbers = (await loadRouting(opened.db, 0)).filter((number) => number.mode !== 'off');
    const files = exportFallback(numbers);
    await mkdir(dir, { recursive: true });
    const wanted = new Set(files.map((file) => file.name));
    for (const name of await readdir(dir)) if (OURS.test(name) && !wanted.has(name)) await unlink(path.join(dir, name));
    for (const file of files) await writeFile(path.join(dir, file.name), file.content);
    const sentence = `Wrote ${files.length} files for ${numbers.length} numbers to ${dir}. Host them on another origin than AVA and set FALLBACK_URL to it.`;
    process.stdout.write(
      options.json ? `${JSON.stringify({ numbers: numbers.length, files: [...wanted] })}\n` : `${sentence}\n`,
    );
  } finally {
    await opened.close();
  }
}

const OURS = /^PN[0-9a-fA-F]{32}(-thanks)?\.xml$/;
