import path from 'node:path';
import type { Plugin } from 'vite';

const SONNER_INJECTION = /__insertCSS\((?!code\))/;

/**
 * Two libraries put `<style>` tags into the page, which the content security policy refuses. The toasts' styles are
 * imported as a file instead; the scroll lock of dialogs gets a constructed style sheet.
 */
export function styleSheetsInsteadOfTags(): Plugin {
  return {
    name: 'ava-style-sheets',
    enforce: 'pre',
    config: () => ({
      resolve: {
        alias: { 'react-style-singleton': path.resolve(import.meta.dirname, '../ui/scroll-lock-style.ts') },
      },
      // Both must pass through this plugin in development too.
      optimizeDeps: { exclude: ['sonner'] },
    }),
    transform(code, id) {
      if (!/[\\/]sonner[\\/]dist[\\/]index\.mjs/.test(id)) return undefined;
      if (!SONNER_INJECTION.test(code))
        throw new Error('sonner no longer injects its styles the way this build removes');
      return { code: code.replace(SONNER_INJECTION, '(() => {})('), map: null };
    },
  };
}
