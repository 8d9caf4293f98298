import path from 'node:path';
import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { FIRST_CHUNKS } from './build/chunks.ts';
import { compressFiles } from './build/compress.ts';
import { preloadChunks } from './build/preload.ts';
import { styleSheetsInsteadOfTags } from './build/style-sheets.ts';

export default defineConfig(({ command }) => {
  // What is built is the product, also where a test run builds it with a NODE_ENV of its own.
  if (command === 'build') process.env['NODE_ENV'] = 'production';
  return {
    root: import.meta.dirname,
    plugins: [react(), tailwindcss(), styleSheetsInsteadOfTags(), preloadChunks(['main', 'routes']), compressFiles()],
    build: {
      outDir: path.resolve(import.meta.dirname, '../../dist/web'),
      emptyOutDir: true,
      target: ['chrome123', 'firefox128', 'safari17.5'],
      // A data: URL of a font would be refused by the content security policy.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
      rolldownOptions: { output: { codeSplitting: { groups: FIRST_CHUNKS } } },
    },
  };
});
