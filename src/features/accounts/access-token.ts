/**
 * Access tokens by RFC 8725, with one difference that makes them simpler to check: only AVA mints them, so a token
 * counts only with a first segment that is byte for byte one of AVA's own. That settles algorithm, type and key before
 * anything is parsed: no other `alg`, `kid`, `jku` or `crit` ever gets that far.
 */
import { createHmac, createSecretKey, type KeyObject, randomUUID, timingSafeEqual } from 'node:crypto';
import { createSigner } from 'fast-jwt';
import type { Clock } from '../../clock.ts';
import { deriveKeys, type PurposeKey, readingKeys, type SecretKeys } from '../../keys.ts';

export type AccessGrant = { userId: string; tenantId: string; sessionId: string };

export type AccessTokens = {
  /** Mints a token that is good for `ttlSeconds`, which is 60 to 86,400. */
  issue(grant: AccessGrant, ttlSeconds: number): string;
  /** What the token grants, or undefined whatever is wrong with it. Whether its session still stands is not asked here. */
  read(token: string): AccessGrant | undefined;
};

export const TTL_SECONDS = { least: 60, most: 86_400, signIn: 900 } as const;

const ISSUER = 'ava';
const AUDIENCE = 'ava-api';
const LEEWAY_SECONDS = 30;
const LONGEST_TOKEN = 1024;
const SIGNATURE_LENGTH = 43;
const CLAIMS = 9;
const MOST_PROVED = 5_000;

export function createAccessTokens({ secrets, clock }: { secrets: SecretKeys; clock: Clock }): AccessTokens {
  const keys = readingKeys(deriveKeys(secrets, 'access-token')).map(prepare);
  const { sign } = keys[0]!;
  const nowSeconds = () => clock.now().getTime() / 1000;
  // Whole tokens whose signature was proved: what is asked again is only whether they are still timely. A guess finds nothing here.
  // Found by the signature, since looking something up costs by its length; what counts is that all of the token is the same.
  const proved = new Map<string, Proved>();
  const remember = (proof: Proved) => {
    const { token } = proof;
    if (proved.size >= MOST_PROVED) proved.delete(proved.keys().next().value!);
    proved.set(token.slice(-SIGNATURE_LENGTH), proof);
  };
  return {
    issue(grant, ttlSeconds) {
      if (!(ttlSeconds >= TTL_SECONDS.least && ttlSeconds <= TTL_SECONDS.most)) throw new RangeError('ttlSeconds');
      const iat = Math.floor(nowSeconds());
      const { userId: sub, tenantId: tid, sessionId: sid } = grant;
      const times = { iat, nbf: iat, exp: iat + Math.floor(ttlSeconds) };
      return sign({ iss: ISSUER, aud: AUDIENCE, sub, tid, sid, jti: randomUUID(), ...times });
    },
    read(token) {
      if (token.length > LONGEST_TOKEN) return undefined;
      const known = proved.get(token.slice(-SIGNATURE_LENGTH));
      if (known?.token === token) return isTimely(known.claims, nowSeconds()) ? known.grant : undefined;
      const key = keys.find(({ header }) => token.startsWith(header));
      const end = token.lastIndexOf('.');
      if (!key || end < key.header.length || !isSigned(token, end, key.secret)) return undefined;
      const claims = parse(token.slice(key.header.length, end));
      if (!claims || !isTimely(claims, nowSeconds())) return undefined;
      const grant = grantOf(claims);
      if (grant) remember({ token, claims, grant });
      return grant;
    },
  };
}

type Key = { header: string; secret: KeyObject; sign: (claims: Record<string, unknown>) => string };

function prepare({ id, key }: PurposeKey): Key {
  const sign = createSigner({
    key,
    algorithm: 'HS256',
    kid: id,
    header: { alg: 'HS256', typ: 'at+jwt' },
  });
  const header = `${sign({}).split('.', 1)[0]!}.`;
  return { header, secret: createSecretKey(key), sign };
}

// Compared as text: a signature in another spelling of base64url is another signature.
function isSigned(token: string, end: number, secret: KeyObject): boolean {
  const given = Buffer.from(token.slice(end + 1));
  if (given.length !== SIGNATURE_LENGTH) return false;
  const due = createHmac('sha256', secret).update(token.slice(0, end)).digest('base64url');
  return timingSafeEqual(given, Buffer.from(due));
}

type Claims = Record<string, unknown>;
type Proved = { token: string; claims: Claims; grant: AccessGrant };

// Written back it must read the same: no doubled claims, no other spelling, and none that AVA does not write.
function parse(segment: string): Claims | undefined {
  try {
    const text = Buffer.from(segment, 'base64url').toString();
    const claims: unknown = JSON.parse(text);
    if (claims === null || typeof claims !== 'object' || Array.isArray(claims)) return undefined;
    const isCanonical = JSON.stringify(claims) === text && Buffer.from(text).toString('base64url') === segment;
    return isCanonical && Object.keys(claims).length === CLAIMS ? (claims as Claims) : undefined;
  } catch {
    return undefined;
  }
}

function isTimely({ iat, nbf, exp }: Claims, nowSeconds: number): boolean {
  if (!Number.isInteger(iat) || !Number.isInteger(nbf) || !Number.isInteger(exp)) return false;
  const [issued, begins, ends] = [iat as number, nbf as number, exp as number];
  const latest = nowSeconds + LEEWAY_SECONDS;
  return (
    issued <= latest && begins <= latest && ends > nowSeconds - LEEWAY_SECONDS && ends - issued <= TTL_SECONDS.most
  );
}

function grantOf({ iss, aud, sub, tid, sid, jti }: Claims): AccessGrant | undefined {
  if (iss !== ISSUER || aud !== AUDIENCE || typeof jti !== 'string') return undefined;
  if (typeof sub !== 'string' || typeof tid !== 'string' || typeof sid !== 'string') return undefined;
  return { userId: sub, tenantId: tid, sessionId: sid };
}
