/**
 * Keys for each purpose, derived from AVA_SECRET_KEY, so that what leaks of one tells nothing of another.
 * After a rotation what the previous key made is still read.
 */
import { hkdfSync } from 'node:crypto';

export type SecretKeys = { secretKey: string; secretKeyPrevious?: string | undefined };

/** `id` names the key without telling anything about it. */
export type PurposeKey = { id: string; key: Buffer };

/** The current key makes and reads; the previous one reads. */
export type KeyRing = { current: PurposeKey; previous: PurposeKey | undefined };

export function deriveKeys(secrets: SecretKeys, purpose: string): KeyRing {
  const { secretKey, secretKeyPrevious } = secrets;
  return {
    current: derive(secretKey, purpose),
    previous: secretKeyPrevious === undefined ? undefined : derive(secretKeyPrevious, purpose),
  };
}

/** The keys that may read, the likeliest first. */
export function readingKeys(ring: KeyRing): PurposeKey[] {
  return ring.previous === undefined ? [ring.current] : [ring.current, ring.previous];
}

function derive(secret: string, purpose: string): PurposeKey {
  const expand = (info: string, bytes: number) => Buffer.from(hkdfSync('sha256', secret, 'ava', info, bytes));
  return { id: expand(`${purpose}/id`, 4).toString('hex'), key: expand(`${purpose}/key`, 32) };
}
