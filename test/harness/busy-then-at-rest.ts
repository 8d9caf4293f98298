/** Makes objects that live for a while, as a busy server does; then rests, on order in the way that AVA does. */
import { systemClock } from '../../src/clock.ts';
import { giveMemoryBackAtRest } from '../../src/memory-at-rest.ts';

const KEPT = 300_000;
const ring: unknown[] = Array.from({ length: KEPT });
for (let turn = 0; turn < 12; turn += 1) {
  for (let at = 0; at < KEPT / 3; at += 1) ring[(turn * 100_000 + at) % KEPT] = { at, words: `word ${turn} ${at}` };
  await new Promise(setImmediate);
}

// A clock that runs faster: what is at rest for seconds there is so here for tenths.
const clock = { ...systemClock, setTimer: (ms: number, run: () => void) => systemClock.setTimer(ms / 20, run) };
process.once('message', () => giveMemoryBackAtRest({ clock, cpuMs: () => 0, forget: () => void (ring.length = 0) }));
process.send?.('busy');
