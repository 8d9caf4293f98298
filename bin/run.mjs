#!/usr/bin/env node
/** Runs a command with AVA's own Node.js and tools first on the PATH. */
import { ensureInstalled } from './bootstrap/install.mjs';
import { runChild } from './bootstrap/run-child.mjs';

const [command, ...args] = process.argv.slice(2);

try {
  if (!command) throw new Error('say which command to run: bin/run.mjs COMMAND [ARGUMENTS]');
  await ensureInstalled({ needsDevelopment: false });
  process.exitCode = await runChild(command, args);
} catch (error) {
  process.stderr.write(`run: ${error.message}\n`);
  process.exitCode = 1;
}
