/** LIST: every background job and every clock. */
import type { Deps } from './deps.ts';

export type Work = { stop(): Promise<void> };

export async function startWork(deps: Deps): Promise<Work> {
  const clocks: (() => void)[] = [];
  deps.log.debug({ clocks: clocks.length }, 'Background work runs');
  return {
    async stop() {
      for (const end of clocks) end();
    },
  };
}
