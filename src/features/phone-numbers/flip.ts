/**
 * For numbers that point straight at Vapi: while Vapi's circuit is not closed their voice URL leads to AVA, and is put
 * back byte for byte when the circuit closes. What is remembered is written before Twilio is asked, so that a crash in
 * between loses nothing.
 */
import type { Clock } from '../../clock.ts';
import type { Database } from '../../db/connect.ts';
import type { Log } from '../../log.ts';
import type { TwilioCredential } from '../../providers/twilio/clients.ts';
import type { TwilioRest } from '../../providers/twilio/rest.ts';
import { desiredUrls, parametersOf, type ProvisioningPlace } from './provisioning.ts';
import { lockNumber, rememberNumber } from './routing-store.ts';
import { urlsAndKind } from './routing.ts';
import type { NumberRouting } from './number-routing.ts';
import type { RoutingTable } from './routing-table.ts';

export type FlipDeps = {
  /** Nothing is asked of Twilio. */
  isStub?: boolean;
  db: Database;
  clock: Clock;
  log: Log;
  table: RoutingTable;
  twilio: Pick<TwilioRest, 'getNumber' | 'updateNumber'>;
  credentialOf(tenantId: string): Promise<TwilioCredential | undefined>;
  place: ProvisioningPlace;
  /** Whether Vapi may be asked for this tenant now. */
  isVapiWell(tenantId: string): boolean;
};

type Voice = { voice_url: string; voice_method: string };

export function createFlip(deps: FlipDeps) {
  const { db, clock, table } = deps;

  async function flip(number: NumberRouting, credential: TwilioCredential): Promise<void> {
    const { tenantId, sid } = number;
    const now = await deps.twilio.getNumber(credential, sid);
    const before: Voice = { voice_url: now.voice_url ?? '', voice_method: now.voice_method ?? 'POST' };
    const isOurs = before.voice_url.startsWith(deps.place.webhooks);
    await db.asTenant(tenantId, async (trx) => {
      const row = await lockNumber(trx, sid);
      if (row?.flipped_urls === null && !isOurs) await rememberNumber(trx, sid, { flipped_urls: before }, clock.now());
    });
    await deps.twilio.updateNumber(
      credential,
      sid,
      parametersOf(desiredUrls({ mode: 'flip', sid, flipped_urls: before }, deps.place) ?? {}),
    );
    deps.log.warn({ number: sid }, 'The number was turned to AVA while Vapi is not answering');
  }

  async function putBack(number: NumberRouting, credential: TwilioCredential): Promise<void> {
    const { tenantId, sid } = number;
    const row = await db.asTenant(tenantId, (trx) => lockNumber(trx, sid));
    const remembered = row?.flipped_urls as Voice | null | undefined;
    if (!remembered) return;
    const after = await deps.twilio.updateNumber(credential, sid, parametersOf(remembered));
    await db.asTenant(tenantId, (trx) =>
      rememberNumber(trx, sid, { flipped_urls: null, twilio_snapshot: urlsAndKind(after) }, clock.now()),
    );
    deps.log.info({ number: sid }, 'The number was turned back to Vapi');
  }

  return {
    /** Turns what stands wrong, either way. Throws when Twilio did not take a change, so that it is tried again. */
    async run(): Promise<number> {
      if (deps.isStub === true || !table.all().some((one) => one.mode === 'flip')) return 0;
      await table.refresh();
      const wrong = table.all().filter((one) => one.mode === 'flip' && one.flipped === deps.isVapiWell(one.tenantId));
      for (const number of wrong) {
        const credential = await deps.credentialOf(number.tenantId);
        if (credential === undefined) continue;
        await (number.flipped ? putBack : flip)(number, credential);
      }
      if (wrong.length > 0) await table.changed();
      return wrong.length;
    },
  };
}
