import { settleConfig } from './settle.ts';

/** `ava config`: what is in force, and where each value comes from. */
export function configCommand(options: { json?: boolean }): void {
  const { effective, warnings } = settleConfig();
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ settings: effective, warnings }, null, 2)}\n`);
    return;
  }
  const width = Math.max(...effective.map((entry) => entry.name.length));
  for (const entry of effective)
    process.stdout.write(`${entry.name.padEnd(width)}  ${entry.value || '-'}  (${entry.source})\n`);
  for (const warning of warnings) process.stderr.write(`${warning}\n`);
}
