/** Reads which file imports which; the rules of the house are held against it. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export type SourceFile = {
  name: string;
  text: string;
  imports: { target: string; typeOnly: boolean }[];
  packages: string[];
};

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s+(type\s+)?(?:[^'"`;]*?\s+from\s+)?['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/g;

/** Every TypeScript file below `folder`, with what it imports; names are relative to the root, with forward slashes. */
export function readSources(folder: string): SourceFile[] {
  return readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => readSource(path.posix.join(folder, name.split(path.sep).join('/'))));
}

function readSource(name: string): SourceFile {
  const text = readFileSync(path.join(ROOT, name), 'utf8');
  const imports: SourceFile['imports'] = [];
  const packages: string[] = [];
  for (const match of text.matchAll(IMPORT)) {
    const target = match[2] ?? match[3] ?? '';
    if (target.startsWith('.'))
      imports.push({ target: path.posix.join(path.posix.dirname(name), target), typeOnly: match[1] !== undefined });
    else packages.push(target);
  }
  return { name, text, imports, packages };
}

export const isTest = (file: { name: string }) => /\.test\.tsx?$/.test(file.name);
