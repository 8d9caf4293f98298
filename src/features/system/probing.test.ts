import { expect, test } from 'vitest';
import { createGuard } from '../../resilience/guard.ts';
import { defaultGuardSettings } from '../../resilience/guard-settings.ts';
import { UpstreamError } from '../../resilience/upstream-error.ts';
import { createHandClock } from '../../../test/harness/hand-clock.ts';
import { createProber } from './probing.ts';

test('a circuit that opened closes again by itself, though nobody calls', async () => {
  const clock = createHandClock();
  const guard = createGuard({ clock, random: () => 0.5, emit: () => {}, settings: defaultGuardSettings });
  guard.upstream('vapi', {});
  let healthy = false;
  const asked: string[] = [];
  const probe = (tenant: string) =>
    guard.run({
      upstream: 'vapi',
      credential: { key: `key of ${tenant}`, tenant },
      operation: 'probe',
      repeatable: false,
      deadlineMs: 1_000,
      attemptTimeoutMs: 1_000,
      lane: 'job',
      attempt: async () => {
        asked.push(tenant);
        if (!healthy)
          throw new UpstreamError({ kind: 'upstream', upstream: 'vapi', detail: 'it answered 500', connected: true });
      },
    });
  const prober = createProber({ guard, probes: { vapi: probe } });
  const isOpen = () => guard.circuits().some((view) => view.state !== 'closed');

  for (let i = 0; i < 3; i += 1) await probe('birch').catch(() => {});
  expect(isOpen()).toBe(true);

  const before = asked.length;
  await prober.run();
  expect(asked.length).toBe(before);

  healthy = true;
  for (let i = 0; i < 10 && isOpen(); i += 1) {
    clock.advance(5_000);
    await prober.run();
  }
  expect(isOpen()).toBe(false);
  expect(new Set(asked)).toEqual(new Set(['birch']));
});
