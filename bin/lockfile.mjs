#!/usr/bin/env node
/**
 * Makes package-lock.json complete in itself, after every change of a dependency. A registry that does not have a
 * package's variants for other platforms leaves them out of the lockfile, but not out of the list of what that package
 * may want; `npm ci` then refuses the whole file.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const file = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', 'package-lock.json');
const lock = JSON.parse(readFileSync(file, 'utf8'));
const dropped = dropUnlocked(lock.packages);
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(dropped.length > 0 ? `Dropped ${dropped.length}: ${dropped.join(', ')}` : 'The lockfile is complete.');

function dropUnlocked(packages) {
  const locked = new Set(Object.keys(packages).map((name) => name.split('node_modules/').at(-1)));
  const names = [];
  for (const [place, entry] of Object.entries(packages)) {
    if (place === '' || !entry.optionalDependencies) continue;
    for (const name of Object.keys(entry.optionalDependencies)) {
      if (locked.has(name)) continue;
      delete entry.optionalDependencies[name];
      names.push(name);
    }
    if (Object.keys(entry.optionalDependencies).length === 0) delete entry.optionalDependencies;
  }
  return names;
}
