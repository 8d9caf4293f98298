/** What Node.js is told at each start, wherever AVA is started. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const ROOT = path.resolve(import.meta.dirname, '..');

async function optionsAmong(chosen: string): Promise<string> {
  const asked = ['bin/run.mjs', 'node', '-p', 'process.env.NODE_OPTIONS'];
  const env = { ...process.env, NODE_OPTIONS: chosen };
  return (await promisify(execFile)(process.execPath, asked, { cwd: ROOT, env })).stdout.trim();
}

it('the image gives young objects the same room as a start from a clone, which leaves what the operator chose', async () => {
  const room = await optionsAmong('');
  expect(readFileSync(path.join(ROOT, 'Dockerfile'), 'utf8').split('\n')).toContain(`ENV NODE_OPTIONS=${room}`);
  expect(await optionsAmong('--max-old-space-size=400')).toBe(`--max-old-space-size=400 ${room}`);
  expect(await optionsAmong('--max-semi-space-size=32')).toBe('--max-semi-space-size=32');
});
