/**
 * Bringing a Twilio number to Vapi. Vapi then writes its own addresses into the number; what was there is remembered
 * first, messages stay with Twilio, and AVA puts its fallback address behind Vapi's afterwards.
 */
import type { Clock } from '../../clock.ts';
import type { Database } from '../../db/connect.ts';
import { fail } from '../../errors.ts';
import type { Actor } from '../../http/caller.ts';
import type { Log } from '../../log.ts';
import type { TwilioCredential } from '../../providers/twilio/clients.ts';
import type { TwilioRest } from '../../providers/twilio/rest.ts';
import type { VapiPhoneNumber } from '../../providers/vapi/shapes.ts';
import type { Vapi, VapiCredential } from '../../providers/vapi/vapi.ts';
import { UpstreamError } from '../../resilience/upstream-error.ts';
import type { Assistants } from '../assistants/assistants.ts';
import type { Audit } from '../audit/audit.ts';
import { urlsOf } from './provisioning.ts';
import { planOf, type RoutingRooms, type RoutingTable } from './routing.ts';
import { findNumber, type NumberRow, rememberNumber, writeRouting } from './routing-store.ts';

export type NumberImportDeps = {
  db: Database;
  clock: Clock;
  log: Log;
  audit: Pick<Audit, 'record'>;
  vapi: Pick<Vapi, 'listPhoneNumbers' | 'importPhoneNumber' | 'patchPhoneNumber'>;
  twilio: Pick<TwilioRest, 'getNumber'>;
  assistants: Pick<Assistants, 'view'>;
  /** Throws vapi_not_configured. */
  access(tenantId: string): Promise<{ credential: VapiCredential }>;
  routing: Pick<RoutingRooms, 'provision'>;
  table: Pick<RoutingTable, 'changed'>;
};

export type ImportOrder = {
  tenantId: string;
  row: NumberRow;
  credential: TwilioCredential;
  assistantId: string | undefined;
  reason: string | undefined;
  actor: Actor;
};

export type NumberImport = (order: ImportOrder) => Promise<void>;

export function createNumberImport(deps: NumberImportDeps): NumberImport {
  const { db, clock, vapi } = deps;

  return async (order) => {
    const { tenantId, row, credential, actor } = order;
    const assistantId = await assistantFor(order);
    const vapiCredential = (await deps.access(tenantId)).credential;
    const before = await deps.twilio.getNumber(credential, row.sid);
    if (row.original_urls === null) {
      await db.asTenant(tenantId, (trx) =>
        rememberNumber(
          trx,
          row.sid,
          { original_urls: urlsOf(before) as unknown as NumberRow['original_urls'] },
          clock.now(),
        ),
      );
    }
    const imported = await importOnce(vapiCredential, { row, credential, assistantId });
    await db.asTenant(tenantId, async (trx) => {
      const current = (await findNumber(trx, row.sid)) ?? row;
      // Vapi answers the number from now on: AVA stands behind it, unless it stands in front of it already.
      const mode = current.mode === 'front_door' ? current.mode : 'flip';
      const change = { assistantId, mode, plan: planOf(current), by: actor.name, now: clock.now() };
      await writeRouting(trx, row.sid, change);
      await rememberNumber(trx, row.sid, { vapi_phone_number_id: imported.id }, clock.now());
      const details = { assistant_id: assistantId, vapi_phone_number_id: imported.id, reason: order.reason ?? null };
      await deps.audit.record(trx, { tenantId, actor, action: 'number.imported', subject: row.sid, details });
    });
    await deps.table
      .changed()
      .catch((error: unknown) => deps.log.warn({ err: error }, 'Other replicas learn of an imported number late'));
    await deps.routing
      .provision(tenantId, row.sid)
      .catch((error: unknown) => deps.log.warn({ err: error, number: row.sid }, 'The fallback address is set later'));
  };

  async function assistantFor({ tenantId, assistantId, row }: ImportOrder): Promise<string> {
    const view = await deps.assistants.view(tenantId, assistantId ?? row.assistant_id ?? undefined);
    if (view.kind === 'known') return view.known.assistantId;
    throw fail('not_found', 'There is no assistant yet; make one first.');
  }

  type Import = { row: NumberRow; credential: TwilioCredential; assistantId: string };

  /** Vapi takes the same number twice, so one that is there already is used, also after an answer that never came. */
  async function importOnce(key: VapiCredential, { row, credential, assistantId }: Import): Promise<VapiPhoneNumber> {
    const there = await findAtVapi(key, row.phone_number);
    if (there !== undefined) return vapi.patchPhoneNumber(key, there.id, { assistantId });
    const fields = {
      provider: 'twilio',
      number: row.phone_number,
      twilioAccountSid: credential.accountSid,
      twilioAuthToken: credential.authToken,
      smsEnabled: false,
      assistantId,
      ...(row.friendly_name !== null && { name: row.friendly_name.slice(0, 40) }),
    };
    return vapi.importPhoneNumber(key, fields).catch(async (error: unknown) => {
      if (!(error instanceof UpstreamError) || !error.connected) throw error;
      const made = await findAtVapi(key, row.phone_number).catch(() => undefined);
      if (made === undefined) throw error;
      return made;
    });
  }

  async function findAtVapi(key: VapiCredential, phoneNumber: string): Promise<VapiPhoneNumber | undefined> {
    const numbers = await vapi.listPhoneNumbers(key);
    return numbers.find((number) => number.number === phoneNumber && number.provider === 'twilio');
  }
}
