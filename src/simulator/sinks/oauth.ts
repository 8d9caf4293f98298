import type { FastifyReply, FastifyRequest } from 'fastify';
import { createHash } from 'node:crypto';
import type { Random } from '../random.ts';
import type { World } from '../world.ts';

/** The code flow that both calendars share: who may ask, which tokens live, and which words the refusals use. */
export type OAuth = {
  /** Sends the browser straight back with a code: the person at the twin always says yes. */
  authorize(request: FastifyRequest, reply: FastifyReply): unknown;
  token(request: FastifyRequest, reply: FastifyReply): unknown;
  revoke(token: string): boolean;
  /** True for a live access token. */
  accepts(request: FastifyRequest): boolean;
  /** Ends every grant, as when a person takes the permission back. */
  revokeAll(): void;
};

export type OAuthOptions = {
  clientId: string;
  clientSecret: string;
  accessTokenSeconds: number;
  /** Microsoft gives a new refresh token each time, Google keeps the old one. */
  rotatesRefreshTokens: boolean;
  refused(error: string): unknown;
};

type Grant = { scope: string };
type Code = Grant & { redirectUri: string; challenge?: string; untilMs: number };

const CODE_LIFE_MS = 10 * 60_000;

export function createOAuth(world: World, random: Random, options: OAuthOptions): OAuth {
  const { story } = world.time;
  const codes = new Map<string, Code>();
  const refreshTokens = new Map<string, Grant>();
  const accessTokens = new Map<string, { untilMs: number; refreshToken: string }>();

  const grant = (scope: string, refreshToken: string, showsRefreshToken: boolean) => {
    const accessToken = `at_${random.hex(40)}`;
    const untilMs = story.monotonicMs() + options.accessTokenSeconds * 1000;
    refreshTokens.set(refreshToken, { scope });
    accessTokens.set(accessToken, { untilMs, refreshToken });
    return {
      access_token: accessToken,
      expires_in: options.accessTokenSeconds,
      scope,
      token_type: 'Bearer',
      ...(showsRefreshToken && { refresh_token: refreshToken }),
    };
  };

  const exchange = (form: Record<string, string>) => {
    const code = codes.get(form.code ?? '');
    codes.delete(form.code ?? '');
    if (!code || code.untilMs < story.monotonicMs() || code.redirectUri !== form.redirect_uri) return undefined;
    if (code.challenge && code.challenge !== challengeOf(form.code_verifier ?? '')) return undefined;
    return grant(code.scope, `rt_${random.hex(40)}`, true);
  };

  const refresh = (form: Record<string, string>) => {
    const given = form.refresh_token ?? '';
    const known = refreshTokens.get(given);
    if (!known) return undefined;
    if (!options.rotatesRefreshTokens) return grant(known.scope, given, false);
    refreshTokens.delete(given);
    return grant(known.scope, `rt_${random.hex(40)}`, true);
  };

  return {
    authorize(request, reply) {
      const query = request.query as Record<string, string>;
      if (query.client_id !== options.clientId || !query.redirect_uri) {
        return reply.code(400).send(options.refused('invalid_client'));
      }
      const code = `code_${random.hex(24)}`;
      codes.set(code, {
        scope: query.scope ?? '',
        redirectUri: query.redirect_uri,
        untilMs: story.monotonicMs() + CODE_LIFE_MS,
        ...(query.code_challenge && { challenge: query.code_challenge }),
      });
      const back = new URL(query.redirect_uri);
      back.searchParams.set('code', code);
      if (query.state) back.searchParams.set('state', query.state);
      return reply.redirect(back.toString(), 302);
    },
    token(request, reply) {
      const form = (request.body ?? {}) as Record<string, string>;
      if (form.client_id !== options.clientId || form.client_secret !== options.clientSecret) {
        return reply.code(401).send(options.refused('invalid_client'));
      }
      const isKnown = form.grant_type === 'authorization_code' || form.grant_type === 'refresh_token';
      if (!isKnown) return reply.code(400).send(options.refused('unsupported_grant_type'));
      const answer = form.grant_type === 'refresh_token' ? refresh(form) : exchange(form);
      return answer ?? reply.code(400).send(options.refused('invalid_grant'));
    },
    revoke(token) {
      const refreshToken = accessTokens.get(token)?.refreshToken ?? token;
      for (const [access, entry] of accessTokens) if (entry.refreshToken === refreshToken) accessTokens.delete(access);
      return refreshTokens.delete(refreshToken);
    },
    accepts(request) {
      const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
      const known = token ? accessTokens.get(token) : undefined;
      return known !== undefined && known.untilMs > story.monotonicMs();
    },
    revokeAll() {
      codes.clear();
      refreshTokens.clear();
      accessTokens.clear();
    },
  };
}

function challengeOf(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url');
}
