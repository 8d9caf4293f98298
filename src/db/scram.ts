/**
 * How a password is proved to PostgreSQL. The driver derives the key anew for each connection, thousands of rounds of
 * HMAC that come to the same each time, and asks for each small step in a turn of the loop of its own: a dozen turns for
 * a connection, and a start opens ten. Here the key is derived once for each password, and the small steps are done at once.
 */
import { createHash, createHmac, pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';
import driver from 'pg/lib/crypto/utils.js';

/** More than the users that one process connects as, with a salt that changes when their password does. */
const MOST_KEYS = 16;

/** Has the driver prove passwords in this way; doing it again changes nothing. */
export function proveQuickly(): void {
  Object.assign(driver, { deriveKey, sha256, hmacSha256 });
}

const derive = promisify(pbkdf2);
const derived = new Map<string, Promise<Buffer>>();

function deriveKey(password: string, salt: Uint8Array, rounds: number): Promise<Buffer> {
  const place = JSON.stringify([password, Buffer.from(salt).toString('base64'), rounds]);
  const known = derived.get(place);
  if (known) return known;
  if (derived.size >= MOST_KEYS) derived.delete(derived.keys().next().value!);
  const key = derive(password, salt, rounds, 32, 'sha256');
  derived.set(place, key);
  key.catch(() => derived.delete(place));
  return key;
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

function hmacSha256(key: Uint8Array, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
