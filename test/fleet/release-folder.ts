/** A release of its own in a folder: this code with other migrations behind the ones that it has. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The source of a migration by its name. */
export type ExtraMigrations = Record<string, string>;

export type ReleaseFolder = { folder: string; version: string; remove(): void };

/** `AVA` as `version`, with these migrations after its own. */
export function makeRelease(version: string, migrations: ExtraMigrations): ReleaseFolder {
  const folder = mkdtempSync(path.join(tmpdir(), `ava-release-${version}-`));
  cpSync(path.join(ROOT, 'src'), path.join(folder, 'src'), {
    recursive: true,
    filter: (file) => !file.endsWith('.test.ts') && file !== path.join(ROOT, 'src', 'web'),
  });
  cpSync(path.join(ROOT, 'bin'), path.join(folder, 'bin'), { recursive: true });
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
  const manifest = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as object;
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ ...manifest, version }));
  writeFileSync(path.join(folder, 'COMMIT'), `release-${version}`);
  addMigrations(path.join(folder, 'src', 'db', 'migrations'), migrations);
  return { folder, version, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

function addMigrations(folder: string, migrations: ExtraMigrations): void {
  mkdirSync(folder, { recursive: true });
  const list = path.join(folder, 'index.ts');
  const imports: string[] = [];
  const entries: string[] = [];
  for (const [index, [name, source]] of Object.entries(migrations).entries()) {
    writeFileSync(path.join(folder, `${name}.ts`), source);
    imports.push(`import * as extra${index} from './${name}.ts';`);
    entries.push(`  '${name}': extra${index},`);
  }
  const text = readFileSync(list, 'utf8').replace(/\n};\s*$/, `\n${entries.join('\n')}\n};\n`);
  writeFileSync(list, `${imports.join('\n')}\n${text}`);
}

/** The source of a migration that runs these statements, and takes what is named where there is a contract. */
export function migrationOf(statements: string[], contract?: { after: string; takes: string[] }): string {
  const declared = contract ? `export const contract = ${JSON.stringify(contract)};\n` : '';
  return `import { sql } from 'kysely';
export async function up(db) {
  for (const statement of ${JSON.stringify(statements)}) await sql.raw(statement).execute(db);
}
${declared}`;
}
