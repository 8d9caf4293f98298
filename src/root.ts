/** Where this copy of AVA lies, whether it runs from its sources or from the bundle that was made of them. */
import { findPackageJSON } from 'node:module';
import path from 'node:path';

export const ROOT = path.dirname(findPackageJSON(import.meta.url)!);
