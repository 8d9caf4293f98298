import { closeSync, mkdtempSync, openSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { until } from '../test/harness/until.ts';
import { linesTo, linesToFile } from './log-lines.ts';

const dir = mkdtempSync(path.join(tmpdir(), 'ava-log-lines-'));
afterAll(() => rmSync(dir, { recursive: true }));

const read = (file: string) => readFileSync(file, 'utf8');
/** Every write to it fails, for want of space. */
const FULL_DISK = '/dev/full';

it('keeps lines while the disk is full, bounded, and writes them once there is space', async () => {
  const file = path.join(dir, 'full.log');
  const [full, free] = [openSync(FULL_DISK, 'w'), openSync(file, 'a')];
  let fd = full;
  let refusals = 0;
  const lines = linesTo({ fd: () => fd, settled: () => (refusals += 1) });
  lines.write('first\n');
  await until('the disk has refused the first line', () => refusals > 0);
  const long = `${'x'.repeat(1024 * 1024 - 1)}\n`;
  for (let count = 0; count < 20; count += 1) lines.write(long);
  fd = free;
  await until('what was kept is written', () => read(file).endsWith('}\n'));
  lines.write('last\n');
  await until('the last line is written', () => read(file).endsWith('last\n'));
  const written = read(file).split('\n').filter(Boolean);
  const told = JSON.parse(written.find((line) => line.startsWith('{'))!) as { lines: number };
  expect(written[0]).toBe('first');
  expect(told.lines + written.filter((line) => line.startsWith('x')).length).toBe(20);
  expect(told.lines).toBeGreaterThanOrEqual(16);
  closeSync(full);
  closeSync(free);
});

it('does not hold up the end of the process when the disk is full', () => {
  const fd = openSync(FULL_DISK, 'w');
  const lines = linesTo({ fd: () => fd });
  lines.write('never written\n');
  lines.flush();
  closeSync(fd);
});

it('writes what waits at once when it is told to', () => {
  const file = path.join(dir, 'flushed.log');
  const lines = linesToFile(file);
  for (const line of ['one\n', 'two\n']) lines.write(line);
  lines.flush();
  expect(read(file)).toBe('one\ntwo\n');
  lines.close();
});

it('goes on in a new file when the old one was rotated away, and loses no line', async () => {
  const file = path.join(dir, 'deep', 'rotated.log');
  const lines = linesToFile(file);
  lines.write('before\n');
  lines.flush();
  renameSync(file, `${file}.1`);
  lines.write('between\n');
  await until('the new file is there', () => {
    lines.write('after\n');
    try {
      return read(file).includes('after');
    } catch {
      return false;
    }
  });
  lines.close();
  expect(read(`${file}.1`)).toMatch(/^before\nbetween\n/);
});
