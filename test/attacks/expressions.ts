/** Every regular expression that AVA's own code runs: read from the syntax tree, not from the text. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAst } from 'vite';

export type Expression = { source: string; flags: string; places: string[] };

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Expressions of `folder`, tests left out, each once with the places where it stands. */
export function expressionsIn(folder: string): Expression[] {
  const found = new Map<string, Expression>();
  for (const name of readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' }).toSorted()) {
    if (!/\.(ts|tsx|mjs)$/.test(name) || /\.test\.tsx?$/.test(name)) continue;
    const file = path.join(folder, name);
    for (const { source, flags } of expressionsOf(readFileSync(path.join(ROOT, file), 'utf8'), file)) {
      const key = `/${source}/${flags}`;
      const known = found.get(key) ?? { source, flags, places: [] };
      found.set(key, { ...known, places: [...new Set([...known.places, file])] });
    }
  }
  return [...found.values()];
}

type Literal = { source: string; flags: string };

/** Literals, and what `new RegExp` or `RegExp` is given as text; a text that is put together at run time throws. */
export function expressionsOf(code: string, file: string): Literal[] {
  const found: Literal[] = [];
  walk(parseAst(code, { lang: file.endsWith('.tsx') ? 'tsx' : file.endsWith('.ts') ? 'ts' : 'js' }), (node) => {
    const regex = node['regex'] as { pattern: string; flags: string } | undefined;
    if (regex) found.push({ source: regex.pattern, flags: regex.flags });
    const isMade = node['type'] === 'NewExpression' || node['type'] === 'CallExpression';
    if (isMade && (node['callee'] as Node)['name'] === 'RegExp') found.push(madeOf(node, file));
  });
  return found;
}

type Node = Record<string, unknown>;

function madeOf(node: Node, file: string): Literal {
  const [source, flags] = (node['arguments'] as Node[]).map(textOf);
  if (typeof source !== 'string') throw new Error(`${file} makes an expression at run time, which nobody can check`);
  return { source, flags: typeof flags === 'string' ? flags : '' };
}

/** A template stands for any text in its gaps: a letter, here, which is all that AVA ever puts there. */
function textOf(node: Node): unknown {
  if (node['type'] !== 'TemplateLiteral') return node['value'];
  return (node['quasis'] as { value: { cooked: string } }[]).map(({ value }) => value.cooked).join('x');
}

function walk(value: unknown, visit: (node: Node) => void): void {
  if (Array.isArray(value)) for (const one of value) walk(one, visit);
  else if (typeof value === 'object' && value !== null && !(value instanceof RegExp)) {
    visit(value as Node);
    for (const one of Object.values(value)) walk(one, visit);
  }
}
