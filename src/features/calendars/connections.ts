/**
 * How a tenant's calendar is connected: consent asked for with PKCE, brought back to the browser that asked, tokens
 * sealed, refreshed one at a time, and "connect again" where the provider took the permission back.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import type { Database } from '../../db/connect.ts';
import { errorsOf } from '../../errors.ts';
import type { CalendarApi, CalendarTokens, OnBehalf } from '../../providers/calendar-provider.ts';
import { UpstreamError } from '../../resilience/upstream-error.ts';
import type { Audit } from '../audit/audit.ts';
import type { Vault } from '../credentials/vault.ts';
import { CALENDAR_ERRORS, type CalendarConnectionWire, type CalendarProvider, CALENDAR_PROVIDERS } from './contract.ts';
import * as store from './store.ts';

export type ConnectionDeps = {
  db: Database;
  clock: Clock;
  vault: Vault;
  audit: Pick<Audit, 'record'>;
  publicUrl: string;
  /** The providers whose OAuth client is configured. */
  apis: Partial<Record<CalendarProvider, CalendarApi>>;
};

export type Person = { tenantId: string; userId: string; name: string };

export type CallbackResult = 'connected' | 'refused' | 'expired' | 'failed';

export type Connections = ReturnType<typeof createConnections>;

type SealedTokens = { accessToken: string; refreshToken: string };

const fail = errorsOf(CALENDAR_ERRORS);
const CONSENT_MS = 10 * 60_000;
/** A token that ends within this time is refreshed before it is used. */
const EARLY_MS = 60_000;

export function createConnections(deps: ConnectionDeps) {
  const { db, clock, vault, apis } = deps;
  const refreshing = new Map<string, Promise<string>>();

  /** Begins a consent. `browserSecret` belongs into a cookie of the browser that asked. */
  async function authorize(person: Person, provider: CalendarProvider) {
    const api = configured(provider);
    const secret = randomBytes(32).toString('base64url');
    const state = `${person.tenantId}.${secret}`;
    const browserSecret = randomBytes(32).toString('base64url');
    const verifier = randomBytes(48).toString('base64url');
    const expiresAt = new Date(clock.now().getTime() + CONSENT_MS);
    const stateHash = sha256(secret);
    const authorization = {
      ...{ stateHash, browserHash: sha256(browserSecret), provider, expiresAt },
      userId: person.userId,
      userName: person.name,
      verifier: vault.seal(verifier, verifierPlace(person.tenantId, stateHash)),
    };
    await db.asTenant(person.tenantId, (trx) =>
      store.addAuthorization(trx, person.tenantId, authorization, clock.now()),
    );
    const challenge = createHash('sha256').update(verifier).digest('base64url');
    const url = api.authorizeUrl({ state, challenge, redirectUri: redirectUri(provider) });
    return { url, expiresAt, browserSecret };
  }

  /** The way back. Never throws for anything that a stranger can send. */
  async function complete(
    provider: CalendarProvider,
    given: { state?: string | undefined; code?: string | undefined; browserSecret?: string | undefined },
  ): Promise<CallbackResult> {
    const state = STATE.exec(given.state ?? '');
    const api = apis[provider];
    if (state === null || api === undefined) return 'expired';
    const [, tenantId = '', secret = ''] = state;
    const found = await db.asTenant(tenantId, (trx) => store.takeAuthorization(trx, sha256(secret)));
    if (found === undefined || found.provider !== provider || found.expiresAt <= clock.now()) return 'expired';
    // Without this, a stranger could have somebody else consent and connect that calendar to the stranger's tenant.
    if (!timingSafeEqual(found.browserHash, sha256(given.browserSecret ?? ''))) return 'refused';
    if (given.code === undefined) return 'refused';
    const verifier = vault.open(found.verifier, verifierPlace(tenantId, found.stateHash));
    try {
      const exchange = { code: given.code, verifier, redirectUri: redirectUri(provider) };
      const tokens = await api.exchange(exchange, { tenantId, lane: 'api' });
      if (tokens.refreshToken === undefined) return 'refused';
      await keep(tenantId, provider, found.userName, tokens);
      return 'connected';
    } catch (error) {
      if (error instanceof UpstreamError) return error.kind === 'auth' ? 'refused' : 'failed';
      throw error;
    }
  }

  async function keep(tenantId: string, provider: CalendarProvider, by: string, tokens: CalendarTokens): Promise<void> {
    await db.asTenant(tenantId, async (trx) => {
      await store.saveConnection(trx, tenantId, {
        provider,
        scope: tokens.scope,
        connectedAt: clock.now(),
        connectedBy: by,
        ...sealed(tenantId, provider, tokens, tokens.refreshToken ?? ''),
      });
      await deps.audit.record(trx, {
        tenantId,
        actor: { name: by },
        action: 'calendar.connected',
        subject: provider,
        details: { scope: tokens.scope },
      });
    });
  }

  /**
   * Runs `use` with a live access token. A token that the provider does not accept is refreshed once; throws
   * `calendar_reconnect` when the permission is gone.
   */
  async function withToken<T>(
    by: OnBehalf,
    provider: CalendarProvider,
    use: (token: string) => Promise<T>,
  ): Promise<T> {
    const token = await liveToken(by, provider, undefined);
    try {
      return await use(token);
    } catch (error) {
      if (!(error instanceof UpstreamError) || error.kind !== 'auth') throw error;
      return use(await liveToken(by, provider, token));
    }
  }

  async function liveToken(by: OnBehalf, provider: CalendarProvider, rejected: string | undefined): Promise<string> {
    const connection = await db.asTenant(by.tenantId, (trx) => store.findConnection(trx, provider));
    if (connection === undefined) throw fail('calendar_not_connected', `Connect ${NAMES[provider]} first.`);
    if (connection.state === 'reconnect') throw reconnect(provider);
    const { accessToken } = opened(by.tenantId, connection);
    const isLive = connection.expiresAt.getTime() - clock.now().getTime() > EARLY_MS;
    if (isLive && accessToken !== rejected) return accessToken;
    const key = `${by.tenantId}/${provider}`;
    const running = refreshing.get(key) ?? refresh(by, provider, rejected).finally(() => refreshing.delete(key));
    refreshing.set(key, running);
    return running;
  }

  /** The row stays locked meanwhile: Microsoft's refresh token works once, so two refreshes would lose the connection. */
  async function refresh(by: OnBehalf, provider: CalendarProvider, rejected: string | undefined): Promise<string> {
    const api = configured(provider);
    const outcome = await db.asTenant(by.tenantId, async (trx) => {
      await store.lockConnection(trx, provider);
      const connection = await store.findConnection(trx, provider);
      if (connection === undefined || connection.state === 'reconnect') return undefined;
      const known = opened(by.tenantId, connection);
      const isLive = connection.expiresAt.getTime() - clock.now().getTime() > EARLY_MS;
      if (isLive && known.accessToken !== rejected) return known.accessToken;
      try {
        const tokens = await api.refresh(known.refreshToken, by);
        const next = sealed(by.tenantId, provider, tokens, tokens.refreshToken ?? known.refreshToken);
        await store.saveTokens(trx, provider, next);
        return tokens.accessToken;
      } catch (error) {
        if (!(error instanceof UpstreamError) || error.kind !== 'auth') throw error;
        await store.markForReconnect(trx, provider);
        return undefined;
      }
    });
    if (outcome === undefined) throw reconnect(provider);
    return outcome;
  }

  async function list(tenantId: string): Promise<CalendarConnectionWire[]> {
    const known = await db.asTenant(tenantId, store.listConnections);
    return CALENDAR_PROVIDERS.map((provider) => {
      const connection = known.find((one) => one.provider === provider);
      return {
        provider,
        configured: apis[provider] !== undefined,
        state: connection?.state ?? 'not_connected',
        scope: connection?.scope ?? null,
        connected_at: connection?.connectedAt.toISOString() ?? null,
        connected_by: connection?.connectedBy ?? null,
      };
    });
  }

  async function disconnect(person: Person, provider: CalendarProvider): Promise<void> {
    await db.asTenant(person.tenantId, async (trx) => {
      if (!(await store.deleteConnection(trx, provider))) return;
      const note = { tenantId: person.tenantId, actor: person, action: 'calendar.disconnected', subject: provider };
      await deps.audit.record(trx, note);
    });
  }

  function configured(provider: CalendarProvider): CalendarApi {
    const api = apis[provider];
    if (api !== undefined) return api;
    const name = provider.toUpperCase();
    throw fail('calendar_not_configured', `Set ${name}_CLIENT_ID and ${name}_CLIENT_SECRET first.`);
  }

  function redirectUri(provider: CalendarProvider): string {
    return `${deps.publicUrl}/api/v1/integrations/calendar/${provider}/callback`;
  }

  function sealed(tenantId: string, provider: CalendarProvider, tokens: CalendarTokens, refreshToken: string) {
    const content: SealedTokens = { accessToken: tokens.accessToken, refreshToken };
    const expiresAt = new Date(clock.now().getTime() + tokens.expiresInSeconds * 1000);
    return { tokens: vault.seal(JSON.stringify(content), tokensPlace(tenantId, provider)), expiresAt };
  }

  function opened(tenantId: string, { provider, tokens }: store.StoredConnection): SealedTokens {
    return JSON.parse(vault.open(tokens, tokensPlace(tenantId, provider))) as SealedTokens;
  }

  return { authorize, complete, withToken, list, disconnect };
}

const NAMES: Record<CalendarProvider, string> = { google: 'Google Calendar', microsoft: 'the Microsoft calendar' };
const STATE = /^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\.([A-Za-z0-9_-]{43})$/;

function reconnect(provider: CalendarProvider) {
  return fail('calendar_reconnect', `Permission for ${NAMES[provider]} has ended. Connect it again.`);
}

function tokensPlace(tenantId: string, provider: CalendarProvider) {
  return { tenantId, table: 'calendar_connections', column: 'tokens', row: provider };
}

function verifierPlace(tenantId: string, stateHash: Buffer) {
  return { tenantId, table: 'calendar_authorizations', column: 'verifier', row: stateHash.toString('hex') };
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
