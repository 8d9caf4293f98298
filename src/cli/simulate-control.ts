import { readFile } from 'node:fs/promises';
import path from 'node:path';

const USUAL = 'http://127.0.0.1:8100';

/** Where the simulator of `ava demo` is controlled, as it left it in AVA_DATA_DIR; else where `simulate serve` is. */
export async function findSimulator(): Promise<string> {
  const { loadConfig, SETTINGS } = await import('../config.ts');
  const result = loadConfig();
  const dataDir = result.ok ? result.config.dataDir : SETTINGS.dataDir.default;
  try {
    const { url } = JSON.parse(await readFile(path.join(dataDir, 'simulator.json'), 'utf8')) as { url?: string };
    return url ?? USUAL;
  } catch {
    return USUAL;
  }
}
