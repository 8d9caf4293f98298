/** After a call: a text message to whom the tenant chose, where it chose so. Texts cost money, so fraud is kept from them as from calls. */
import type { Clock } from '../../clock.ts';
import type { Database } from '../../db/connect.ts';
import type { Log } from '../../log.ts';
import { takeText } from './budget-store.ts';
import type { CallDetail } from './contract.ts';
import { allowedCountries, refusalOf } from './destinations.ts';
import { textsOf } from './rules.ts';
import { findPolicy } from './store.ts';
import type { CallStory } from './told.ts';

export type CallText = { tenantId: string; to: string; from: string; effectKey: string; story: CallStory };

export type TextingDeps = {
  db: Database;
  clock: Clock;
  log: Log;
  ownNumbers(tenantId: string): Promise<string[]>;
  /** A number of the tenant's that can send texts, the wanted one before others. */
  senderOf(tenantId: string, wanted: string | null): Promise<string | undefined>;
  isKnown(tenantId: string, effectKey: string): Promise<boolean>;
  send(text: CallText): Promise<{ state: string }>;
};

export function createTexting({ db, clock, log, ...deps }: TextingDeps) {
  /** Premium numbers and countries that are not allowed any more are left out, and so is what goes beyond the day's budget. */
  async function mayText(tenantId: string, text: { to: string; effectKey: string }, most: number): Promise<boolean> {
    // It was allowed, and paid for out of the budget, when it was tried first.
    if (await deps.isKnown(tenantId, text.effectKey)) return true;
    const ownNumbers = await deps.ownNumbers(tenantId);
    const day = clock.now().toISOString().slice(0, 10);
    const refusal = await db.lane('job').asTenant(tenantId, async (trx) => {
      const policy = await findPolicy(trx);
      const refused = refusalOf(text.to, allowedCountries(policy?.countries ?? [], ownNumbers));
      if (refused !== undefined) return refused;
      return (await takeText(trx, { tenantId, day, most })) ? undefined : "Today's text messages are used up.";
    });
    if (refusal !== undefined) log.warn({ tenant: tenantId, why: refusal }, 'A text message about a call was not sent');
    return refusal === undefined;
  }

  return {
    /** Resolves to how many texts left. Throws after all were tried when one of them should be tried again. */
    async tell(tenantId: string, call: CallDetail, story: CallStory): Promise<number> {
      const { when, to: recipients, per_day: most } = textsOf(await db.lane('job').asTenant(tenantId, findPolicy));
      if (when === 'never' || (when === 'voicemail' && call.outcome !== 'voicemail')) return 0;
      const from = await deps.senderOf(tenantId, call.direction === 'inbound' ? call.to : call.from);
      if (from === undefined) {
        log.warn({ tenant: tenantId, call: call.id }, 'No number of the tenant can send text messages');
        return 0;
      }
      const failures: unknown[] = [];
      let sent = 0;
      for (const to of recipients) {
        const text = { tenantId, to, from, effectKey: `call:${call.id}:${to}`, story };
        try {
          if (!(await mayText(tenantId, text, most))) continue;
          const { state } = await deps.send(text);
          if (state === 'sent') sent += 1;
          else log.warn({ tenant: tenantId, call: call.id, state }, 'A text message about a call did not leave');
        } catch (error) {
          failures.push(error);
        }
      }
      if (failures.length > 0) throw failures[0];
      return sent;
    },
  };
}
