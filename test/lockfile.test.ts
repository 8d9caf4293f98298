import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

type Entry = { integrity?: string; link?: boolean; optionalDependencies?: Record<string, string> };

it('has a lockfile that npm ci accepts: complete in itself, every package with its hash', () => {
  const file = fileURLToPath(new URL('../package-lock.json', import.meta.url));
  const { packages } = JSON.parse(readFileSync(file, 'utf8')) as { packages: Record<string, Entry> };
  const locked = new Set(Object.keys(packages).map((place) => place.split('node_modules/').at(-1)));
  const entries = Object.entries(packages);
  const unlocked = entries.flatMap(([place, entry]) =>
    Object.keys(entry.optionalDependencies ?? {})
      .filter((name) => !locked.has(name))
      .map((name) => `${place}: ${name}`),
  );
  expect(unlocked, 'run bin/lockfile.mjs').toEqual([]);
  expect(entries.filter(([place, entry]) => place !== '' && !entry.integrity).map(([place]) => place)).toEqual([]);
});
