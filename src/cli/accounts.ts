/** `ava user create` and `ava token`: they work beside a running server, and without one. */
import { systemClock } from '../clock.ts';
import { type Accounts, createAccounts } from '../features/accounts/accounts.ts';
import { addMemberBodySchema, newPasswordSchema, roleSchema } from '../features/accounts/contract.ts';
import { createAudit } from '../features/audit/audit.ts';
import { createInstallationKey } from '../features/credentials/installation-keys.ts';
import { settleSecretKey } from '../features/credentials/rotation.ts';
import { createVault } from '../features/credentials/vault.ts';
import { createLog } from '../log.ts';
import { openDatabase, settleConfig } from './settle.ts';

export type CreateOptions = {
  email: string;
  password: string;
  tenant: string;
  role: string;
  operator?: boolean;
  json?: boolean;
};

/** `ava user create`. */
export async function createUserCommand(options: CreateOptions): Promise<void> {
  const email = addMemberBodySchema.shape.email.safeParse(options.email);
  if (!email.success) throw new Error(`--email: ${options.email} is not an e-mail address.`);
  if (!newPasswordSchema.safeParse(options.password).success) throw new Error('--password: 10 to 200 characters.');
  const role = roleSchema.safeParse(options.role);
  if (!role.success) throw new Error('--role: owner, admin, editor or viewer.');
  const { password, tenant, operator = false } = options;
  const made = await withAccounts(({ users }) =>
    users.createUser({ email: email.data, password, tenant, role: role.data, operator }),
  );
  const answer = { user: made.user, tenant: made.tenant, role: made.role };
  const sentence = `${made.user.email} is ${made.role} of ${made.tenant.name}${made.user.operator ? ', and operator' : ''}.`;
  process.stdout.write(options.json ? `${JSON.stringify(answer)}\n` : `${sentence}\n`);
}

/** `ava token`: one token on stdout and nothing else. */
export async function tokenCommand(options: { email: string; ttl: string; tenant?: string }): Promise<void> {
  const { email, tenant } = options;
  const ttlSeconds = secondsOf(options.ttl);
  const token = await withAccounts(({ users }) => users.issueToken({ email, tenant, ttlSeconds }));
  process.stdout.write(`${token}\n`);
}

const UNIT_SECONDS = { s: 1, m: 60, h: 3600 } as const;

function secondsOf(text: string): number {
  const match = /^(\d{1,6})([smh])$/.exec(text);
  const seconds = match ? Number(match[1]) * UNIT_SECONDS[match[2] as keyof typeof UNIT_SECONDS] : Number.NaN;
  if (!(seconds >= 60 && seconds <= 86_400)) throw new Error(`--ttl: ${text} is not a time from 1m to 24h.`);
  return seconds;
}

async function withAccounts<T>(work: (accounts: Accounts) => Promise<T>): Promise<T> {
  const { config } = settleConfig();
  const opened = await openDatabase(config);
  try {
    const { db } = opened;
    const clock = systemClock;
    const secrets = { secretKey: config.secretKey, secretKeyPrevious: config.secretKeyPrevious };
    // Lines of a log would stand between the token and who reads it.
    const { log } = createLog({ level: 'error', stdout: process.stderr });
    const vault = createVault(secrets);
    const key = createInstallationKey({ db, vault }, 'audit');
    await settleSecretKey({ db, vault, log, keys: [key] });
    const audit = createAudit({ db, clock, log, key });
    return await work(createAccounts({ db, clock, log, audit, secrets }));
  } finally {
    await opened.close();
  }
}
