/**
 * Seals secrets for the database with AES-256-GCM. Where a secret stands (tenant, table, column, row) is bound in,
 * so a sealed value copied to another place does not open. The key's name stands in front, so that a rotation of
 * AVA_SECRET_KEY needs no pause: the current key seals, the previous one still opens.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { deriveKeys, type PurposeKey, readingKeys, type SecretKeys } from '../../keys.ts';

export type Place = { tenantId: string; table: string; column: string; row: string };

/** The sealed value cannot be opened: another key, another place, or damage. Says which key, never what was inside. */
export class VaultError extends Error {
  override readonly name = 'VaultError';
}

export type Vault = {
  seal(secret: string, place: Place): Buffer;
  /** Throws `VaultError`. */
  open(sealed: Buffer, place: Place): string;
  /** First bytes of everything that the current key has sealed. */
  readonly currentPrefix: Buffer;
  /** The same of the previous key, where there is one. */
  readonly previousPrefix: Buffer | undefined;
};

/** How many bytes name the format and the key. */
export const PREFIX_BYTES = 5;

export function createVault(secrets: SecretKeys): Vault {
  const ring = deriveKeys(secrets, 'vault');
  const keys = readingKeys(ring).map((key) => ({ prefix: prefixOf(key), key: key.key }));
  const current = keys[0]!;
  return {
    currentPrefix: current.prefix,
    previousPrefix: keys[1]?.prefix,
    seal(secret, place) {
      // 96 random bits: the bound of NIST SP 800-38D is 2^32 seals under one key.
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(ALGORITHM, current.key, nonce).setAAD(bound(current.prefix, place));
      const text = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
      return Buffer.concat([current.prefix, nonce, text, cipher.getAuthTag()]);
    },
    open(sealed, place) {
      if (sealed.length < PREFIX_BYTES + NONCE_BYTES + TAG_BYTES) throw new VaultError('A stored secret is cut short.');
      const prefix = sealed.subarray(0, PREFIX_BYTES);
      const key = keys.find((candidate) => candidate.prefix.equals(prefix));
      if (!key) throw new VaultError(`A stored secret was sealed with another AVA_SECRET_KEY (${keyName(prefix)}).`);
      return decrypt(sealed, key, place);
    },
  };
}

const ALGORITHM = 'aes-256-gcm';
const FORMAT = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

function decrypt(sealed: Buffer, { key, prefix }: { key: Buffer; prefix: Buffer }, place: Place): string {
  const nonce = sealed.subarray(PREFIX_BYTES, PREFIX_BYTES + NONCE_BYTES);
  const text = sealed.subarray(PREFIX_BYTES + NONCE_BYTES, -TAG_BYTES);
  const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES })
    .setAAD(bound(prefix, place))
    .setAuthTag(sealed.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(text), decipher.final()]).toString('utf8');
  } catch (error) {
    throw new VaultError(`The secret in ${place.table}.${place.column} is damaged or belongs elsewhere.`, {
      cause: error,
    });
  }
}

function prefixOf(key: PurposeKey): Buffer {
  return Buffer.concat([Buffer.of(FORMAT), Buffer.from(key.id, 'hex')]);
}

/** Name of the key that a prefix stands for, for messages. */
export function keyName(prefix: Buffer): string {
  return `key ${prefix.subarray(1).toString('hex')}`;
}

// As JSON, so that no two places read the same.
function bound(prefix: Buffer, { tenantId, table, column, row }: Place): Buffer {
  return Buffer.from(JSON.stringify([prefix.toString('hex'), tenantId, table, column, row]));
}
