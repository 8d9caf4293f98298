/** Makes what follows a call, and what watches over calls: placing, mail, recordings, reconciliation, numbers in step. */
import { sql } from 'kysely';
import type { CallDeps, CallDepsOptions } from './calls.ts';
import { fail } from '../errors.ts';
import { createPlacing } from '../features/calls/place.ts';
import { createReconciliation } from '../features/calls/reconcile.ts';
import { deleteOldCalls } from '../features/calls/retain.ts';
import { createCallExport } from '../features/calls/export.ts';
import { createCallRules } from '../features/calls/rules.ts';
import { createFlip } from '../features/phone-numbers/flip.ts';
import type { GuardedHttp } from '../providers/http.ts';
import { createRecordings } from '../providers/recordings.ts';
import type { ClientCache } from '../providers/twilio/clients.ts';
import { createRounds, type Round } from '../rounds.ts';

export type AfterCallOptions = CallDepsOptions & {
  /** Looks at Vapi for the tenant's assistants, so that there is a default one. */
  adoptAssistants(tenantId: string): Promise<unknown>;
  telephone: CallDeps;
  http: GuardedHttp;
  twilioClients: ClientCache;
};

export function createAfterCallDeps(options: AfterCallOptions) {
  const { config, clock, db, log, metrics, effects, vapi, twilio, telephone } = options;
  const { calls, routingTable: table, vapiOf, twilioOf, place } = telephone;
  const lines = (tenantId: string) => table.all().filter((one) => one.tenantId === tenantId);
  const placing = createPlacing({
    db,
    clock,
    log,
    effects,
    calls,
    vapi,
    twilioOf,
    credentialOf: vapiOf,
    lineOf: async (tenantId, sid) => lines(tenantId).find((one) => sid === undefined || one.sid === sid),
    ownNumbers: async (tenantId) => telephone.ownNumbers(tenantId),
    assistantOf: (tenantId, wanted) => assistantOf(options, tenantId, wanted),
  });
  const reconciliation = createReconciliation({
    db,
    clock,
    log,
    metrics,
    calls,
    vapi,
    twilio,
    vapiOf,
    twilioOf,
    owns: (tenantId, call) => owns(options, tenantId, call),
  });
  const recordings = createRecordings({
    http: options.http,
    vapi,
    vapiBaseUrl: config.vapiBaseUrl,
    twilioClients: options.twilioClients,
  });
  const flip = createFlip({
    db,
    clock,
    log,
    table,
    twilio,
    place,
    credentialOf: twilioOf,
    isStub: config.stubMode,
    isVapiWell: (tenantId) => !telephone.isVapiOpen(tenantId),
  });

  const rounds = new Map<string, Round>();

  return {
    placing,
    reconciliation,
    flip,
    callRules: createCallRules({
      db,
      audit: options.audit,
      ownNumbers: async (tenantId) => telephone.ownNumbers(tenantId),
    }),
    exportCalls: createCallExport({ db, clock, audit: options.audit }),

    async recordingOf(tenantId: string, callId: string) {
      const { recording, vapiCallId } = await calls.recordingOf(tenantId, callId);
      const missing = fail('not_found', 'There is no recording of this call.');
      if (recording === null) throw missing;
      const [vapiCredential, twilioCredential] = [await vapiOf(tenantId), await twilioOf(tenantId)];
      const isVapis = recording === 'vapi';
      const found =
        isVapis && vapiCallId !== null && vapiCredential !== undefined
          ? await recordings.ofVapi(vapiCredential, vapiCallId)
          : !isVapis && twilioCredential !== undefined
            ? await recordings.ofTwilio(twilioCredential, recording)
            : undefined;
      if (found === undefined) throw missing;
      return found;
    },

    /** Every tenant, a few at once; one's trouble or slowness is not the next one's. `name` tells one kind of work from another. */
    async forEachTenant(name: string, work: (tenantId: string) => Promise<unknown>): Promise<void> {
      const tenants = await db.lane('job').system.selectFrom('tenants').select('id').execute();
      const round = rounds.get(name) ?? roundOf(options);
      rounds.set(name, round);
      const ids = tenants.map(({ id }) => id);
      await round(ids, work);
    },

    deleteOldCalls: (tenantId: string) => deleteOldCalls({ db, clock }, tenantId),

    /** Sets AVA's addresses at every number again that it routes. */
    async reassertNumbers(): Promise<void> {
      for (const { tenantId, sid } of table.all()) {
        await telephone.routing
          .provision(tenantId, sid)
          .catch((error: unknown) => log.warn({ err: error, number: sid }, 'A number could not be checked at Twilio'));
      }
    },
  };
}

/** As many as the jobs have connections to the database, about; a tenant whose vendors are slow keeps a place for a minute at most. */
const AT_ONCE = 4;
const PATIENCE_MS = 60_000;

function roundOf({ clock, log }: AfterCallOptions): Round {
  return createRounds({
    clock,
    mostAtOnce: AT_ONCE,
    patienceMs: PATIENCE_MS,
    onFault: (tenant, error) => log.warn({ err: error, tenant }, 'Work for a tenant was put off'),
    onSlow: (tenant) => log.warn({ tenant }, 'Work for a tenant takes long; the others go on'),
  });
}

async function assistantOf(options: AfterCallOptions, tenantId: string, wanted: string | undefined): Promise<string> {
  let found = await findAssistant(options, tenantId, wanted);
  if (found === undefined) {
    await options.adoptAssistants(tenantId);
    found = await findAssistant(options, tenantId, wanted);
  }
  const isDefault = wanted === undefined;
  if (found === undefined)
    throw fail('not_found', isDefault ? 'There is no default assistant yet.' : 'There is no such assistant.');
  return found;
}

async function findAssistant(
  { db }: CallDepsOptions,
  tenantId: string,
  wanted: string | undefined,
): Promise<string | undefined> {
  const row = await db.asTenant(tenantId, (trx) => {
    const query = trx.selectFrom('assistants').select('vapi_assistant_id').where('deleted_at', 'is', null);
    const chosen =
      wanted === undefined ? query.where('is_default', '=', true) : query.where('vapi_assistant_id', '=', wanted);
    return chosen.executeTakeFirst();
  });
  return row?.vapi_assistant_id;
}

type Listed = { assistantId?: string | null | undefined; numbers: (string | null | undefined)[] };

/** Where vendors' accounts are shared, a call is the tenant's whose assistant or number it is; nobody's call is nobody's. */
async function owns({ db }: CallDepsOptions, tenantId: string, call: Listed): Promise<boolean> {
  const byAssistant = call.assistantId
    ? await db.asTenant(tenantId, (trx) =>
        trx
          .selectFrom('assistants')
          .select('vapi_assistant_id')
          .where('vapi_assistant_id', '=', call.assistantId!)
          .executeTakeFirst(),
      )
    : undefined;
  if (byAssistant !== undefined) return true;
  for (const number of call.numbers) {
    if (!number) continue;
    const { rows } = await sql<{ tenant: string }>`select t as tenant from tenant_of_number(${number}, null) t`.execute(
      db.lane('job').system,
    );
    if (rows.some((row) => row.tenant === tenantId)) return true;
  }
  return false;
}
