/** What Node.js is told at each start, wherever AVA is started. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const ROOT = path.resolve(import.meta.dirname, '..');

/** What a start is told where the operator chose this, or nothing. */
async function told(name: string, chosen?: string): Promise<string> {
  const asked = ['bin/run.mjs', 'node', '-p', `process.env.${name}`];
  const { [name]: _, ...others } = process.env;
  const env = chosen === undefined ? others : { ...others, [name]: chosen };
  return (await promisify(execFile)(process.execPath, asked, { cwd: ROOT, env })).stdout.trim();
}

const image = () => readFileSync(path.join(ROOT, 'Dockerfile'), 'utf8').split('\n');

it('the image gives young objects the same room as a start from a clone, which leaves what the operator chose', async () => {
  const room = await told('NODE_OPTIONS');
  expect(image()).toContain(`ENV NODE_OPTIONS=${room}`);
  expect(await told('NODE_OPTIONS', '--max-old-space-size=400')).toBe(`--max-old-space-size=400 ${room}`);
  expect(await told('NODE_OPTIONS', '--max-semi-space-size=32')).toBe('--max-semi-space-size=32');
});

it('the image has all threads take their memory from one place, as a start from a clone has', async () => {
  expect(image()).toContain(`ENV MALLOC_ARENA_MAX=${await told('MALLOC_ARENA_MAX')}`);
  expect(await told('MALLOC_ARENA_MAX', '4')).toBe('4');
});
