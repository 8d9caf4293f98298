/**
 * Refresh tokens are computed, not stored: session, generation, and a MAC over both and the session's random seed. So
 * an old token of a family is known for what it is, two tabs that refresh at once get the same successor, and
 * neither the database nor the key alone yields a token. A check over the first two alone
 * stands between, so that an invented token costs no look into the database.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { deriveKeys, type PurposeKey, readingKeys, type SecretKeys } from '../../keys.ts';

export type RefreshTokens = {
  make(sessionId: string, generation: number, seed: Buffer): string;
  /** What the token says of itself; believe it only when `isProvenBy(seed)`. */
  read(token: string): RefreshClaim | undefined;
};

export type RefreshClaim = { sessionId: string; generation: number; isProvenBy(seed: Buffer): boolean };

const ID_BYTES = 16;
const HEAD_BYTES = ID_BYTES + 4;
const CHECK_BYTES = 16;
const BYTES = HEAD_BYTES + CHECK_BYTES + 32;

export function createRefreshTokens(secrets: SecretKeys): RefreshTokens {
  const ring = deriveKeys(secrets, 'refresh-token');
  return {
    make(sessionId, generation, seed) {
      const head = Buffer.alloc(HEAD_BYTES);
      head.write(sessionId.replaceAll('-', ''), 'hex');
      head.writeUInt32BE(generation, ID_BYTES);
      return Buffer.concat([head, checkOf(ring.current, head), mac(ring.current, head, seed)]).toString('base64url');
    },
    read(token) {
      const bytes = Buffer.from(token, 'base64url');
      if (bytes.length !== BYTES || bytes.toString('base64url') !== token) return undefined;
      const head = bytes.subarray(0, HEAD_BYTES);
      const check = bytes.subarray(HEAD_BYTES, HEAD_BYTES + CHECK_BYTES);
      const proof = bytes.subarray(HEAD_BYTES + CHECK_BYTES);
      if (!readingKeys(ring).some((key) => timingSafeEqual(check, checkOf(key, head)))) return undefined;
      return {
        sessionId: head.toString('hex', 0, ID_BYTES).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
        generation: head.readUInt32BE(ID_BYTES),
        isProvenBy: (seed) => readingKeys(ring).some((key) => timingSafeEqual(proof, mac(key, head, seed))),
      };
    },
  };
}

function checkOf(key: PurposeKey, head: Buffer): Buffer {
  return mac(key, head, Buffer.from('check')).subarray(0, CHECK_BYTES);
}

function mac({ key }: PurposeKey, head: Buffer, seed: Buffer): Buffer {
  return createHmac('sha256', key).update(head).update(seed).digest();
}
