#!/usr/bin/env node
/** The command `ava` in a clone: installs what is missing under any Node.js, then hands over to AVA's own. */
import { ensureDashboard } from './bootstrap/dashboard.mjs';
import { ensureInstalled } from './bootstrap/install.mjs';
import { findNode, runChild } from './bootstrap/run-child.mjs';
import { findMain } from './bootstrap/server.mjs';

const args = process.argv.slice(2);

try {
  await ensureInstalled({ needsDevelopment: false });
  const isServer = args[0] === 'demo' || args[0] === 'serve';
  if (isServer) await ensureDashboard();
  process.exitCode = await runChild(findNode(), [await findMain({ build: isServer }), ...args]);
} catch (error) {
  process.stderr.write(`ava: ${error.message}\n`);
  process.exitCode = 1;
}
