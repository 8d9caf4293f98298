import type { Plugin } from 'vite';

/** Chunks that nearly everybody needs and that the page itself does not name: they come beside the first one, not after it. */
export function preloadChunks(names: string[]): Plugin {
  return {
    name: 'ava-preload-chunks',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler: (_html, { bundle = {} }) =>
        names.map((name) => {
          const chunk = Object.values(bundle).find((output) => output.type === 'chunk' && output.name === name);
          if (chunk === undefined) throw new Error(`the build has no chunk named ${name} to preload`);
          return {
            tag: 'link',
            attrs: { rel: 'modulepreload', crossorigin: true, href: `/${chunk.fileName}` },
            injectTo: 'head',
          };
        }),
    },
  };
}
