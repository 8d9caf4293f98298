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
  plugins: [
    { name: 'ava', renderChunk: takeBuiltins, generateBundle: finish },
    { name: 'left-out', enforce: 'pre', resolveId: leaveOut, load: loadNothing },
  ],
  build: {
    ssr: path.join(root, 'src', 'cli', 'main.ts'),
    outDir: path.join(root, 'dist', 'server'),
    emptyOutDir: true,
    target: 'node24',
    minify: false,
    rolldownOptions: { output: { comments: false, entryFileNames: 'ava.js', chunkFileNames: '[name]-[hash].js' } },
  },
});

const NO_HTTP2 =
  "export const constants = {}; export function connect() { throw new Error('HTTP/2 is not part of AVA'); }";

/** What packages read at each start for something that AVA never asks of them, and what stands there instead. */
const LEFT_OUT = {
  // The maker of the API document could write YAML too; AVA answers JSON.
  yaml: "export function stringify() { throw new Error('YAML is not part of AVA'); } export const parse = stringify;",
  // The maker of tokens could read keys of elliptic curves; AVA signs with HMAC.
  'asn1.js':
    "export const define = () => ({ decode() { throw new Error('Keys of elliptic curves are not part of AVA'); } });",
  // The keeper of the metrics could note the trace of a dear moment; AVA's metrics carry none. What sends traces needs the whole.
  'prom-client > @opentelemetry/api': 'export const trace = undefined;',
  // The client and the server of HTTP could speak its second version too, when asked; AVA asks neither.
  'undici > node:http2': NO_HTTP2,
  'fastify > node:http2': NO_HTTP2,
};
const NOTHING = '\0left-out:';

function leaveOut(source, importer = '') {
  const [asker] = /(?<=.*node_modules\/)(?:@[^/]+\/)?[^/]+/.exec(importer) ?? [];
  const name = [source, `${asker} > ${source}`].find((one) => Object.hasOwn(LEFT_OUT, one));
  return name && NOTHING + name;
}

function loadNothing(id) {
  return id.startsWith(NOTHING) ? LEFT_OUT[id.slice(NOTHING.length)] : undefined;
}

function finish(_, bundle) {
  for (const part of Object.values(bundle)) if (part.type === 'chunk') part.code = inAscii(part.code);
  this.emitFile({ type: 'asset', fileName: STAMP, source: hashOfSources() });
}

/**
 * An `import` of a part of Node.js reads every export of it, and a getter of node:http loads a whole second HTTP client.
 * So only what is named is taken, and of parts that a server hardly ever needs not before it is called.
 */
function takeBuiltins(code) {
  const given = /^import (?:(?:\* as )?([\w$]+))?(?:, )?(\{[^}]*\})? from "(node:[\w/]+)";$/gm;
  const required = /^(\s*)var (?:([\w$]+)|(\{[^}]*\})) = __require\("(?:node:)?(\w+)"\);$/gm;
  const taken = code
    .replace(given, (_, whole, named, from) => {
      if (SELDOM.has(from)) return takeLater(from, whole, named);
      const names = named?.replaceAll(/([\w$]+) as ([\w$]+)/g, '$1: $2');
      return [whole, names].flatMap((name) => (name === undefined ? [] : `const ${name} = ${partOf(from)};`)).join(' ');
    })
    .replace(required, (all, space, whole, named, from) =>
      SELDOM.has(`node:${from}`) ? space + takeLater(`node:${from}`, whole, named) : all,
    );
  return { code: taken, map: null };
}

const partOf = (name) => `process.getBuiltinModule("${name}")`;
const SELDOM = new Set(['node:child_process', 'node:zlib']);

function takeLater(from, whole, named = '{}') {
  const part = partOf(from);
  const functions = [...named.matchAll(/([\w$]+)(?: as ([\w$]+))?/g)].map(
    ([, name, own = name]) => `const ${own} = (...given) => ${part}.${name}(...given);`,
  );
  const all = whole === undefined ? '' : `const ${whole} = new Proxy({}, { get: (_, name) => ${part}[name] });`;
  return [all, ...functions].join(' ');
}

/** One letter beyond Latin-1 makes Node.js keep a whole file in letters of two bytes, and read and compile it slower. */
function inAscii(code) {
  return code.replaceAll(/(\\*)([^\0-\x7f])/g, (_, slashes, letter) => {
    // A backslash before such a letter says nothing, and would take away the meaning of the next one.
    const kept = slashes.length % 2 === 1 ? slashes.slice(1) : slashes;
    return `${kept}\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
