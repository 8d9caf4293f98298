/** The server and the command line as few files: loaded in a fraction of the time of some thousand, with less memory. */
import path from 'node:path';
import { defineConfig } from 'vite';
import { hashOfSources, STAMP } from './bootstrap/server.mjs';

const root = path.resolve(import.meta.dirname, '..');

export default defineConfig({
  root,
  publicDir: false,
  ssr: {
    noExternal: true,
    // What is loaded for few reads files of its own, or is not there in production.
    external: ['@scalar/fastify-api-reference', 'pg-native', 'playwright-core'],
  },
  plugins: [{ name: 'ava', renderChunk: takeBuiltins, generateBundle: stamp }],
  build: {
    ssr: path.join(root, 'src', 'cli', 'main.ts'),
    outDir: path.join(root, 'dist', 'server'),
    emptyOutDir: true,
    target: 'node24',
    minify: false,
    rolldownOptions: { output: { entryFileNames: 'ava.js', chunkFileNames: '[name]-[hash].js' } },
  },
});

function stamp() {
  this.emitFile({ type: 'asset', fileName: STAMP, source: hashOfSources() });
}

/**
 * An `import` of a part of Node.js reads every export of it, and a getter of node:http loads a whole second HTTP client.
 * So only what is named is taken.
 */
function takeBuiltins(code) {
  const given = /^import (?:(?:\* as )?([\w$]+))?(?:, )?(\{[^}]*\})? from "(node:[\w/]+)";$/gm;
  const taken = code.replace(given, (_, whole, named, from) => {
    const part = `process.getBuiltinModule("${from}")`;
    const names = named?.replaceAll(/([\w$]+) as ([\w$]+)/g, '$1: $2');
    return [whole, names].flatMap((name) => (name === undefined ? [] : `const ${name} = ${part};`)).join(' ');
  });
  return { code: taken, map: null };
}
