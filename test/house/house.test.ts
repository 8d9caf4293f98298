/** The rules of the house, as ordinary tests: who may import whom, who may reach the network, what is listed where. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { SETTINGS } from '../../src/config.ts';
import { isTest, readSources, ROOT, type SourceFile } from './imports.ts';

const sources = readSources('src').filter((file) => !isTest(file));
const server = sources.filter((file) => !file.name.startsWith('src/web/'));

/** What every contract may share. */
const SHAPES = ['src/http/shapes.ts', 'src/http/text-shape.ts'];

/** Floors of the house; a file may import its own floor or a lower one. */
const FLOORS: [RegExp, number][] = [
  [/^src\/(web|cli)\//, 6],
  [/^src\/(app|work|serve)\.ts$/, 5],
  [/^src\/wiring\//, 4],
  [/^src\/(deps|queues|observe|redis|client|client-operations|client-transport)\.ts$/, 4],
  [/^src\/features\//, 3],
  [/^src\/providers\//, 2],
  [/^src\/(resilience|http|jobs|db)\//, 1],
  [/^src\/simulator\//, 1],
  [/^src\/[a-z-]+\.ts$/, 0],
];

function floorOf(name: string): number {
  const floor = FLOORS.find(([pattern]) => pattern.test(name));
  if (!floor) throw new Error(`${name} stands on no floor of the house: add its folder to the list, or move it`);
  return floor[1];
}

const offences = (find: (file: SourceFile) => string[]) => server.flatMap(find);

describe('who may import whom', () => {
  test('imports go down or stay on their floor', () => {
    const wrong = offences((file) =>
      file.imports
        .filter(({ target }) => target.startsWith('src/') && floorOf(target) > floorOf(file.name))
        // The assembly belongs to the commands that run the server.
        .map(({ target }) => `${file.name} imports ${target}, which stands above it`),
    );
    expect(wrong).toEqual([]);
  });

  test("another room's store, routes and jobs are private", () => {
    const room = (name: string) => /^src\/features\/([^/]+)\//.exec(name)?.[1];
    const wrong = offences((file) =>
      file.imports
        .filter(
          ({ target }) =>
            room(file.name) !== undefined && room(target) !== undefined && room(target) !== room(file.name),
        )
        .filter(({ target }) => /(^|[/-])(store|routes|jobs)\.ts$/.test(target))
        .map(({ target }) => `${file.name} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  test('contracts import only Zod, the shared shapes and other contracts', () => {
    const wrong = server
      .filter((file) => /contract\.ts$/.test(file.name))
      .flatMap((file) => [
        ...file.packages.filter((name) => name !== 'zod').map((name) => `${file.name} imports ${name}`),
        ...file.imports
          .filter(({ target }) => !SHAPES.includes(target) && !/contract\.ts$/.test(target))
          .map(({ target }) => `${file.name} imports ${target}`),
      ]);
    expect(wrong).toEqual([]);
  });

  test('the dashboard sees only the client and the contracts', () => {
    const wrong = sources
      .filter((file) => file.name.startsWith('src/web/'))
      .flatMap((file) =>
        file.imports
          .filter(
            ({ target }) =>
              !target.startsWith('src/web/') &&
              !/^src\/client(-transport)?\.ts$|contract\.ts$|^src\/http\/(text-)?shapes?\.ts$/.test(target),
          )
          .map(({ target }) => `${file.name} imports ${target}`),
      );
    expect(wrong).toEqual([]);
  });

  test('the simulator and the product know nothing of each other', () => {
    const wrong = server.flatMap((file) =>
      file.imports
        .filter(({ target }) => {
          if (file.name.startsWith('src/simulator/'))
            return /^src\/(features|providers|resilience|http|db)\//.test(target);
          return (
            /^src\/(features|providers|resilience|http|db|jobs)\//.test(file.name) &&
            target.startsWith('src/simulator/')
          );
        })
        .map(({ target }) => `${file.name} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  test('no circle of imports', () => {
    expect(circles(sources)).toEqual([]);
  });
});

describe('who may reach outside', () => {
  const NETWORK =
    /^(node:)?(https?|net|tls|dgram|http2)$|^(undici|axios|got|nodemailer|twilio|@vapi-ai\/server-sdk|smtp-server)$/;
  const HARMLESS = /^\s*import \{\s*((type [^,}]+|STATUS_CODES),?\s*)+\}/;
  /** There alone AVA opens its own port, which asks nobody. */
  const without = (name: string, text: string) =>
    name === 'src/http/server.ts' ? text.replace('createServer, ', '') : text;
  /** The guarded client, the sockets of nodemailer that run inside the guard, and what AVA serves or asks of itself. */
  const ALLOWED = [
    'src/providers/http.ts',
    'src/providers/egress.ts',
    /^src\/providers\/http\//,
    /^src\/providers\/email\/smtp/,
    /^src\/simulator\//,
    /^src\/cli\//,
    /^src\/db\/embedded\//,
  ];
  const allowed = (name: string) =>
    ALLOWED.some((rule) => (typeof rule === 'string' ? rule === name : rule.test(name)));

  test('every outbound call goes through the guarded client', () => {
    const wrong = server
      .filter((file) => !allowed(file.name))
      .flatMap((file) => {
        const runtimeImports = [...file.text.matchAll(/(?:^|\n)import (?!type )[^;]*?from '([^']+)'/g)].filter(
          (match) => NETWORK.test(match[1]!) && !HARMLESS.test(without(file.name, match[0])),
        );
        const bareFetch =
          /(?<![.\w])fetch\(/.test(file.text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')) &&
          !/function fetch\(/.test(file.text);
        return [
          ...runtimeImports.map((match) => `${file.name} imports ${match[1]}`),
          ...(bareFetch && !/^src\/client/.test(file.name) ? [`${file.name} calls fetch`] : []),
        ];
      });
    expect(wrong).toEqual([]);
  });

  test('only config.ts reads the environment', () => {
    const wrong = server
      .filter(
        (file) =>
          file.text.includes('process.env') &&
          !['src/config.ts'].includes(file.name) &&
          !file.name.startsWith('src/cli/'),
      )
      .map((file) => file.name);
    expect(wrong).toEqual([]);
  });
});

describe('what is listed where', () => {
  test('.env.example and docs/configuration.md name every setting with its default, and nothing else', () => {
    const names = Object.values(SETTINGS).map((setting) => setting.name);
    const example = readFileSync(path.join(ROOT, '.env.example'), 'utf8');
    const listed = [...example.matchAll(/^#? ?([A-Z][A-Z0-9_]+)=(.*)$/gm)].map((match) => [match[1], match[2]]);
    expect(listed.map(([name]) => name)).toEqual(names);
    expect(Object.fromEntries(listed)).toEqual(
      Object.fromEntries(
        Object.values(SETTINGS).map((setting) => [setting.name, 'default' in setting ? setting.default : '']),
      ),
    );
    const documented = [
      ...readFileSync(path.join(ROOT, 'docs/configuration.md'), 'utf8').matchAll(/^\| `([A-Z0-9_]+)`/gm),
    ].map((match) => match[1]);
    expect(documented).toEqual(names);
  });

  test('docs/errors.md has an entry for every error code', () => {
    const documented = new Set(
      [...readFileSync(path.join(ROOT, 'docs/errors.md'), 'utf8').matchAll(/^\| `([a-z_]+)`/gm)].map(
        (match) => match[1],
      ),
    );
    const coded = new Set<string>();
    for (const file of server) {
      for (const match of file.text.matchAll(/^\s*([a-z_]+): \{\s*status: \d{3}/gm)) coded.add(match[1]!);
    }
    expect([...coded].filter((code) => !documented.has(code))).toEqual([]);
    expect([...documented].filter((code) => !coded.has(code!))).toEqual([]);
  });

  test('no folder is a junk drawer, and no file is a barrel', () => {
    const folders = readdirSync(path.join(ROOT, 'src'), { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    );
    expect(
      folders.map((entry) => entry.name).filter((name) => /^(utils?|helpers?|common|shared|core|misc)$/.test(name)),
    ).toEqual([]);
    const barrels = server.filter((file) => {
      const code = file.text
        .replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
        .split('\n')
        .filter((line) => line.trim() !== '');
      return code.length > 0 && code.every((line) => /^export (\*|\{|type \{)/.test(line));
    });
    expect(barrels.map((file) => file.name)).toEqual([]);
  });

  test('no file is longer than 300 lines', () => {
    const long = [...sources, ...readSources('test')].filter(
      (file) =>
        file.text.split('\n').length > 301 && !LONG_LISTS.includes(file.name) && !file.name.includes('/migrations/'),
    );
    expect(long.map((file) => `${file.name}: ${file.text.split('\n').length}`)).toEqual([]);
  });

  test('the project names no path of a machine and no package host', () => {
    const places = [
      'README.md',
      'CONTRIBUTING.md',
      'CHANGELOG.md',
      'docs',
      'deploy',
      'monitoring',
      'src',
      'bin',
    ].filter((place) => existsSync(path.join(ROOT, place)));
    const files = places
      .flatMap((place) => filesBelow(place))
      .filter((name) => /\.(md|ts|tsx|mjs|ya?ml|json|css)$/.test(name));
    const wrong = files.filter((name) =>
      /\/work\/|registry\.npmjs|npmjs\.org|deb\.debian/.test(readFileSync(path.join(ROOT, name), 'utf8')),
    );
    expect(wrong).toEqual([]);
  });
});

/** Lists and texts, not code: one entry after the other. */
const LONG_LISTS = ['src/web/text/en.ts', 'src/web/text/fr.ts', 'src/db/schema.ts', 'src/simulator/vapi/shapes.ts'];

function filesBelow(place: string): string[] {
  const full = path.join(ROOT, place);
  if (!readdirSync(ROOT, { withFileTypes: true }).some((entry) => entry.name === place && entry.isDirectory()))
    return [place];
  return readdirSync(full, { recursive: true, encoding: 'utf8' })
    .map((name) => path.join(place, name))
    .filter((name) => /\.[a-z]+$/.test(name));
}

/** Circles among imports, those of types alone included: files of a circle cannot be read one after the other. Each is named once. */
function circles(files: SourceFile[]): string[] {
  const graph = new Map(files.map((file) => [file.name, file.imports.map((found) => found.target)]));
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (name: string, trail: string[]): void => {
    const at = trail.indexOf(name);
    if (at >= 0) {
      found.push([...trail.slice(at), name].join(' → '));
      return;
    }
    if (done.has(name)) return;
    for (const next of graph.get(name) ?? []) visit(next, [...trail, name]);
    done.add(name);
  };
  for (const name of graph.keys()) visit(name, []);
  return found;
}
