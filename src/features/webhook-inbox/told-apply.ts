import type { Apply } from './processing.ts';

/** Says that the ledger reads differently when messages were processed, and when they could not be. */
export function toldApply(apply: Apply, tell: () => void): Apply {
  return async (trx, tenantId, events) => {
    try {
      const afterwards = await apply(trx, tenantId, events);
      return () => {
        afterwards();
        tell();
      };
    } catch (error) {
      tell();
      throw error;
    }
  };
}
