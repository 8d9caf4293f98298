/** `ava doctor`: what is well, what is not, and what to do about it. Exit 1 when something failed. */
import manifest from '../../package.json' with { type: 'json' };
import { systemClock } from '../clock.ts';
import { pendingMigrations } from '../db/migrate.ts';
import { type Asked, doctorChecks, type Finding, runChecks } from '../features/system/doctor.ts';
import { failureTables } from '../providers/failure-tables.ts';
import { createGuardedHttp, type GuardedHttp } from '../providers/http.ts';
import { createClientCache } from '../providers/twilio/clients.ts';
import { createTwilioRest } from '../providers/twilio/rest.ts';
import { createVapi } from '../providers/vapi/vapi.ts';
import { createGuard } from '../resilience/guard.ts';
import { defaultGuardSettings } from '../resilience/guard-settings.ts';
import { UpstreamError } from '../resilience/upstream-error.ts';
import { EXIT, openDatabase, type Settled, settleConfig } from './settle.ts';

export async function doctor(options: { json?: boolean }): Promise<void> {
  const settled = settleConfig();
  const opened = await openDatabase(settled.config);
  const vendors = askVendors(settled.config);
  try {
    const findings = await runChecks(
      doctorChecks({
        ...settled,
        ...vendors,
        dependencies: Object.keys(manifest.dependencies),
        db: opened.db,
        pendingMigrations: () => pendingMigrations(opened.url),
        askPublicUrl: () => askPublicUrl(settled.config.publicUrl),
        now: () => systemClock.now(),
      }),
    );
    report(findings, options);
  } finally {
    await vendors.close();
    await opened.close();
  }
}

function askVendors(config: Settled['config']) {
  const guard = createGuard({
    clock: systemClock,
    random: Math.random,
    emit: () => {},
    settings: defaultGuardSettings,
  });
  guard.upstream('vapi', failureTables.vapi);
  guard.upstream('twilio', failureTables.twilio);
  const http = createGuardedHttp({ guard, clock: systemClock, emit: () => {} });
  const { vapiApiKey: apiKey, twilioAccountSid: accountSid, twilioAuthToken: authToken } = config;
  const who = { key: 'environment', tenant: 'environment' };
  return {
    askVapi:
      apiKey === undefined
        ? undefined
        : () =>
            ask(http, (noting) => createVapi({ http: noting, baseUrl: config.vapiBaseUrl }).probe({ ...who, apiKey })),
    askTwilio:
      accountSid === undefined || authToken === undefined
        ? undefined
        : () =>
            ask(http, (noting) => {
              const { twilioBaseUrl: baseUrl } = config;
              const clients = createClientCache({ baseUrl, onLookUp: () => {} });
              return createTwilioRest({ http: noting, clients, baseUrl }).probe({ ...who, accountSid, authToken });
            }),
    close: () => http.close(),
  };
}

/** Asks once; what the vendor's clock said comes along. */
async function ask(http: GuardedHttp, probe: (noting: GuardedHttp) => Promise<void>): Promise<Asked> {
  let date: Date | undefined;
  const noting: GuardedHttp = {
    ...http,
    async request(request) {
      const answer = await http.request({ ...request, repeatable: false });
      if (answer.headers['date'] !== undefined) date = new Date(answer.headers['date']);
      return answer as never;
    },
  };
  try {
    await probe(noting);
    return { outcome: 'ok', detail: '', date };
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error;
    return { outcome: error.kind === 'auth' ? 'rejected' : 'unreachable', detail: error.detail };
  }
}

async function askPublicUrl(publicUrl: string): Promise<{ reached: boolean; detail: string }> {
  try {
    const answer = await fetch(`${publicUrl}/healthz`, { signal: AbortSignal.timeout(5_000), redirect: 'manual' });
    return { reached: answer.ok, detail: `it answers ${answer.status}` };
  } catch (error) {
    return { reached: false, detail: error instanceof Error ? error.message : String(error) };
  }
}

const MARKS = { ok: 'ok     ', warning: 'warning', failed: 'FAILED ' } as const;

function report(findings: Finding[], options: { json?: boolean }): void {
  const failed = findings.some((finding) => finding.status === 'failed');
  if (options.json) process.stdout.write(`${JSON.stringify({ ok: !failed, checks: findings }, null, 2)}\n`);
  else {
    for (const { id, status, sentence, remedy } of findings) {
      process.stdout.write(
        `${MARKS[status]}  ${id.padEnd(14)} ${sentence}${remedy === undefined ? '' : ` ${remedy}`}\n`,
      );
    }
  }
  if (failed) process.exitCode = EXIT.failed;
}
