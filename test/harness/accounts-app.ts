/** Sign-in, members, credentials and audit over real HTTP and a real database: one replica; start two for two. */
import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { type Clock, systemClock } from '../../src/clock.ts';
import type { Database } from '../../src/db/connect.ts';
import { type Accounts, createAccounts } from '../../src/features/accounts/accounts.ts';
import { signInRoutes } from '../../src/features/accounts/public-routes.ts';
import { accountRoutes } from '../../src/features/accounts/routes.ts';
import { type Audit, createAudit } from '../../src/features/audit/audit.ts';
import { auditRoutes } from '../../src/features/audit/routes.ts';
import { createCredentials, type Credentials } from '../../src/features/credentials/credentials.ts';
import { createInstallationKey } from '../../src/features/credentials/installation-keys.ts';
import { credentialRoutes } from '../../src/features/credentials/routes.ts';
import { createVault, type Vault } from '../../src/features/credentials/vault.ts';
import type { Role } from '../../src/http/caller.ts';
import { guardPrivateScope } from '../../src/http/private-scope.ts';
import { createHttpServer } from '../../src/http/server.ts';
import type { SecretKeys } from '../../src/keys.ts';
import { createMetrics } from '../../src/metrics.ts';
import { createMemoryRateLimiter } from '../../src/resilience/rate-limit.ts';

export type AccountsAppOptions = {
  database: Database;
  secrets?: SecretKeys;
  clock?: Clock;
  perMinute?: number;
  /** Addresses whose X-Forwarded-For is believed, so that a test can come from many. */
  trustProxy?: string[];
  publicUrl?: string;
  environment?: Parameters<typeof createCredentials>[0]['environment'];
};

export type Reply = { status: number; headers: Headers; body: any; cookie: string | undefined };
export type Request = { token?: string; body?: unknown; cookie?: string | undefined; headers?: Record<string, string> };

export type AccountsApp = {
  url: string;
  secrets: SecretKeys;
  accounts: Accounts;
  audit: Audit;
  credentials: Credentials;
  vault: Vault;
  /** Lines of the log so far. */
  log(): string;
  call(method: string, path: string, request?: Request): Promise<Reply>;
  /** Makes a user, and signs in as them. */
  person(options?: { role?: Role; tenant?: string; email?: string; operator?: boolean }): Promise<Person>;
  close(): Promise<void>;
};

export type Person = {
  email: string;
  password: string;
  userId: string;
  tenantId: string;
  token: string;
  cookie: string | undefined;
};

export const PASSWORD = 'correct horse battery';

export async function startAccountsApp(options: AccountsAppOptions): Promise<AccountsApp> {
  const { database: db, clock = systemClock, perMinute = 10_000 } = options;
  const secrets = options.secrets ?? { secretKey: randomBytes(32).toString('hex') };
  const lines: string[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) });
  const vault = createVault(secrets);
  const audit = createAudit({ db, clock, log, key: createInstallationKey({ db, vault }, 'audit') });
  const accounts = createAccounts({ db, clock, log, audit, secrets });
  const environment = options.environment ?? {};
  const credentials = createCredentials({ db, clock, audit, vault, secrets, environment });
  const following = await Promise.all([accounts.follow(), credentials.follow()]);

  const metrics = createMetrics();
  const trustProxy = options.trustProxy ?? [];
  const app = await createHttpServer({ clock, log, metrics, trustProxy, corsOrigins: [], production: false });
  const limits = { limiter: createMemoryRateLimiter({ clock }), perMinute, clock, metrics };
  const publicUrl = options.publicUrl ?? 'http://127.0.0.1';
  await app.register(async (scope) => signInRoutes(scope, { accounts, limits, publicUrl }), { prefix: '/api/v1' });
  await app.register(
    async (scope) => {
      guardPrivateScope(scope, { authenticate: accounts.authenticate, limits });
      accountRoutes(scope, { accounts });
      credentialRoutes(scope, { credentials });
      auditRoutes(scope, { audit });
    },
    { prefix: '/api/v1' },
  );
  await app.listen({ port: 0, host: '127.0.0.1' });
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  const callHere = (method: string, path: string, request: Request = {}) => call(url, method, path, request);

  return {
    url,
    secrets,
    accounts,
    audit,
    credentials,
    vault,
    log: () => lines.join(''),
    call: callHere,
    async person({
      role = 'owner',
      tenant = randomName(),
      email = `${randomName()}@example.test`,
      operator = false,
    } = {}) {
      const made = await accounts.users.createUser({ email, password: PASSWORD, tenant, role, operator });
      const reply = await callHere('POST', '/api/v1/auth/login', { body: { email, password: PASSWORD } });
      return {
        email,
        password: PASSWORD,
        userId: made.user.id,
        tenantId: made.tenant.id,
        token: reply.body.access_token,
        cookie: reply.cookie,
      };
    },
    async close() {
      await app.close();
      for (const stop of following) await stop();
    },
  };
}

async function call(url: string, method: string, path: string, request: Request): Promise<Reply> {
  const { token, body, cookie, headers = {} } = request;
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(cookie === undefined ? {} : { cookie }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  return {
    status: response.status,
    headers: response.headers,
    body: isJson ? JSON.parse(text) : text,
    cookie: response.headers.getSetCookie()[0]?.split(';', 1)[0],
  };
}

function randomName(): string {
  return randomBytes(6).toString('hex');
}
