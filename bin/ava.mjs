#!/usr/bin/env node
/** The command `ava` in a clone: installs what is missing under any Node.js, then hands over to AVA's own. */
import path from 'node:path';
import { ensureDashboard } from './bootstrap/dashboard.mjs';
import { ensureInstalled, root } from './bootstrap/install.mjs';
import { findNode, runChild } from './bootstrap/run-child.mjs';

const args = process.argv.slice(2);

try {
  await ensureInstalled({ needsDevelopment: false });
  if (args[0] === 'demo' || args[0] === 'serve') await ensureDashboard();
  process.exitCode = await runChild(findNode(), [path.join(root, 'src', 'cli', 'main.ts'), ...args]);
} catch (error) {
  process.stderr.write(`ava: ${error.message}\n`);
  process.exitCode = 1;
}
