/**
 * What `ava doctor` looks at. Each check answers with a finding: what is so, and where it is not well, what to do about it.
 * Nothing is changed.
 */
import { statfs } from 'node:fs/promises';
import type { Config } from '../../config.ts';
import { isLoopback } from '../../config.ts';
import type { Database } from '../../db/connect.ts';

export type Finding = { id: string; status: 'ok' | 'warning' | 'failed'; sentence: string; remedy?: string };
export type Check = { id: string; run(): Promise<Omit<Finding, 'id'>> };

export type DoctorDeps = {
  /** Names of the packages that production needs. */
  dependencies: string[];
  config: Config & { secretKey: string };
  warnings: string[];
  db: Pick<Database, 'ready'>;
  pendingMigrations(): Promise<string[]>;
  /** Asks a vendor with the environment's credentials; the answer says what its clock says. */
  askVapi: (() => Promise<Asked>) | undefined;
  askTwilio: (() => Promise<Asked>) | undefined;
  /** Asks `PUBLIC_URL/healthz`. */
  askPublicUrl(): Promise<{ reached: boolean; detail: string }>;
  now(): Date;
};

/** How a vendor answered, and its clock where the answer carried one. */
export type Asked = { outcome: 'ok' | 'rejected' | 'unreachable'; detail: string; date?: Date | undefined };

const MIN_FREE_BYTES = 1024 ** 3;
const MAX_CLOCK_SKEW_MS = 60_000;
const NODE_MAJOR = 24;

export function doctorChecks(deps: DoctorDeps): Check[] {
  return [
    { id: 'node', run: async () => checkNode() },
    { id: 'dependencies', run: () => checkDependencies(deps.dependencies) },
    { id: 'configuration', run: async () => checkConfiguration(deps) },
    { id: 'stub_mode', run: async () => checkStubMode(deps.config) },
    { id: 'secret_key', run: async () => checkSecretKey(deps.config) },
    { id: 'database', run: () => checkDatabase(deps) },
    { id: 'vapi', run: () => checkVendor('Vapi', 'AVA_API_VAPI_API_KEY', deps.askVapi) },
    { id: 'twilio', run: () => checkVendor('Twilio', 'TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN', deps.askTwilio) },
    { id: 'public_url', run: () => checkPublicUrl(deps) },
    { id: 'disk', run: () => checkDisk(deps.config.dataDir) },
    { id: 'clock', run: () => checkClock(deps) },
  ];
}

/** Runs the checks one after the other; one that throws counts as failed and hides no other. */
export async function runChecks(checks: Check[]): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const check of checks) {
    try {
      findings.push({ id: check.id, ...(await check.run()) });
    } catch (error) {
      findings.push({
        id: check.id,
        status: 'failed',
        sentence: error instanceof Error ? error.message : String(error),
      });
    }
  }
  return findings;
}

const ok = (sentence: string) => ({ status: 'ok' as const, sentence });
const warning = (sentence: string, remedy: string) => ({ status: 'warning' as const, sentence, remedy });
const failed = (sentence: string, remedy: string) => ({ status: 'failed' as const, sentence, remedy });

function checkNode() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major >= NODE_MAJOR) return ok(`Node.js ${process.versions.node}.`);
  return failed(
    `Node.js ${process.versions.node} is too old.`,
    `Run AVA through \`npx ava\`, which brings Node.js ${NODE_MAJOR}.`,
  );
}

async function checkDependencies(names: string[]) {
  const broken: string[] = [];
  for (const name of names) await import(name).catch(() => broken.push(name));
  if (broken.length > 0) return failed(`Not installed or not loadable: ${broken.join(', ')}.`, 'Run `npm ci`.');
  return ok(`${names.length} packages are installed and load.`);
}

function checkConfiguration({ warnings, config }: DoctorDeps) {
  if (warnings.length > 0) return warning(warnings.join(' '), 'Correct the name or unset the variable.');
  return ok(`Settings are complete for ${config.env}.`);
}

function checkStubMode(config: Config) {
  if (!config.stubMode) return ok('Integrations are real.');
  if (config.env !== 'production')
    return warning(
      'Stub mode is on: integrations answer with marked stub data.',
      'Set INTEGRATIONS_STUB_MODE=false to use the vendors.',
    );
  return failed(
    'Stub mode is on in production: callers and owners see stub data.',
    'Set INTEGRATIONS_STUB_MODE=false and restart as soon as the emergency is over.',
  );
}

function checkSecretKey({ secretKey, env, dataDir }: Config & { secretKey: string }) {
  const bytes = Buffer.byteLength(secretKey);
  const kinds = new Set(secretKey).size;
  if (kinds < 12)
    return warning(
      `AVA_SECRET_KEY has ${bytes} bytes but only ${kinds} different characters.`,
      'Replace it with `openssl rand -base64 32`, and set AVA_SECRET_KEY_PREVIOUS to the old one.',
    );
  const kept = env === 'production' ? '' : ` (kept in ${dataDir} unless AVA_SECRET_KEY is set)`;
  return ok(`The secret key has ${bytes} bytes${kept}.`);
}

async function checkDatabase({ db, pendingMigrations }: DoctorDeps) {
  const state = await db.ready();
  if (!state.isReady)
    return failed(
      `The database does not answer: ${state.reason}.`,
      'Check DATABASE_URL, the network, and that PostgreSQL runs.',
    );
  const pending = await pendingMigrations();
  if (pending.length > 0) return failed(`The database lacks ${pending.join(', ')}.`, 'Run `ava migrate`.');
  return ok('The database answers and is up to date.');
}

async function checkVendor(name: string, variables: string, ask: DoctorDeps['askVapi']) {
  if (ask === undefined)
    return warning(
      `${name} is not configured in the environment.`,
      `Set ${variables}, or enter the credentials in the dashboard.`,
    );
  const answer = await ask();
  if (answer.outcome === 'ok') return ok(`${name} answers and accepts the credentials.`);
  if (answer.outcome === 'rejected')
    return failed(`${name} rejected the credentials: ${answer.detail}.`, `Correct ${variables}.`);
  return failed(`${name} could not be reached: ${answer.detail}.`, `Check the network and ${name}'s status page.`);
}

async function checkPublicUrl({ config, askPublicUrl }: DoctorDeps) {
  const address = new URL(config.publicUrl);
  if (isLoopback(address.hostname)) {
    if (config.simulatorUrl !== undefined) return ok('PUBLIC_URL is on the loopback, where the simulator reaches it.');
    return warning(
      `PUBLIC_URL is ${config.publicUrl}: vendors cannot reach the loopback.`,
      'Set PUBLIC_URL to the https address of this installation.',
    );
  }
  if (address.protocol !== 'https:')
    return warning(
      'PUBLIC_URL is plain http: Vapi accepts only https.',
      'Put TLS in front of AVA and set PUBLIC_URL to https.',
    );
  const { reached, detail } = await askPublicUrl();
  return reached
    ? ok(`${config.publicUrl} answers.`)
    : warning(
        `${config.publicUrl} does not answer: ${detail}.`,
        'Start AVA, and check DNS and the proxy in front of it.',
      );
}

async function checkDisk(dataDir: string) {
  const { bavail, bsize } = await statfs(dataDir).catch(() => statfs('.'));
  const free = bavail * bsize;
  const text = `${(free / 1024 ** 3).toFixed(1)} GiB are free for ${dataDir}.`;
  return free >= MIN_FREE_BYTES ? ok(text) : failed(text, 'Free at least 1 GiB, or move AVA_DATA_DIR.');
}

async function checkClock({ askVapi, askTwilio, now }: DoctorDeps) {
  const answers = await Promise.all([askVapi?.(), askTwilio?.()]);
  const date = answers.find((answer) => answer?.date !== undefined)?.date;
  if (date === undefined) return ok('No vendor answered with a time to compare the clock with.');
  const skewMs = Math.abs(now().getTime() - date.getTime());
  if (skewMs <= MAX_CLOCK_SKEW_MS) return ok('The clock agrees with the vendors.');
  return failed(
    `The clock is ${Math.round(skewMs / 1000)} s off.`,
    'Turn on time synchronisation (chrony or systemd-timesyncd); signatures and tokens depend on it.',
  );
}
