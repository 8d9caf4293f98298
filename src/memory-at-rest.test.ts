import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { createHandClock } from '../test/harness/hand-clock.ts';
import { until } from '../test/harness/until.ts';
import { giveMemoryBackAtRest } from './memory-at-rest.ts';

function house() {
  const clock = createHandClock();
  const told: string[] = [];
  let usedMs = 0;
  const stop = giveMemoryBackAtRest({
    clock,
    cpuMs: () => usedMs,
    forget: () => told.push('forgotten'),
    favourMemory: (isFavoured) => told.push(`${clock.monotonicMs() / 1_000} s: ${isFavoured ? 'memory' : 'speed'}`),
  });
  const spend = (seconds: number, share: number) => {
    for (let at = 0; at < seconds; at += 1) {
      usedMs += share * 1_000;
      clock.advance(1_000);
    }
  };
  return { clock, told, stop, spend };
}

it('favours memory for a moment once it has been at rest for a minute, and only once for each rest', () => {
  const { told, spend } = house();
  spend(40, 0.3);
  expect(told).toEqual([]);
  spend(300, 0.01);
  expect(told).toEqual(['forgotten', '100 s: memory', '115 s: speed']);
  spend(20, 0.3);
  spend(300, 0.01);
  expect(told.slice(3)).toEqual(['forgotten', '425 s: memory', '440 s: speed']);
});

it('gives the speed back to a process that is woken meanwhile', () => {
  const { told, spend } = house();
  spend(62, 0);
  spend(5, 1);
  expect(told).toEqual(['forgotten', '60 s: memory', '64 s: speed']);
});

it('leaves nothing behind when it is stopped in the middle', () => {
  const { clock, told, stop, spend } = house();
  spend(61, 0);
  stop();
  expect(told).toEqual(['forgotten', '60 s: memory', '61 s: speed']);
  expect(clock.pending()).toBe(0);
});

it(
  'a process that was busy and rests returns its garbage and its empty pages to the system',
  { timeout: 60_000 },
  async () => {
    const execArgv = ['--gc-memory-reducer-start-delay-ms=200'];
    const child = fork(new URL('../test/harness/busy-then-at-rest.ts', import.meta.url), [], { execArgv });
    try {
      await once(child, 'message');
      const rssMb = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))![1]) / 1024;
      const busyMb = rssMb();
      child.send('rest');
      await until('two fifths of the memory are given back', () => rssMb() < busyMb * 0.6, 40_000);
    } finally {
      child.kill('SIGKILL');
    }
  },
);
