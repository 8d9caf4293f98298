import { randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { printResult, testScale } from '../../../test/harness/result.ts';
import { createVault, type Place, PREFIX_BYTES, VaultError } from './vault.ts';

const secretKey = randomBytes(32).toString('hex');
const place: Place = { tenantId: randomUUID(), table: 'vendor_credentials', column: 'secret', row: 'vapi' };
const SECRET = 'key-1234567890 ü';

describe('the vault', () => {
  it('opens what it sealed, and no two seals of one secret are alike', () => {
    const vault = createVault({ secretKey });
    const sealed = vault.seal(SECRET, place);
    expect(vault.open(sealed, place)).toBe(SECRET);
    expect(vault.seal(SECRET, place).equals(sealed)).toBe(false);
    expect(sealed.includes(SECRET)).toBe(false);
    expect(sealed.subarray(0, PREFIX_BYTES)).toEqual(vault.currentPrefix);
  });

  it('opens nothing elsewhere, nothing changed, cut or sealed with another key, and never repeats a nonce', () => {
    const vault = createVault({ secretKey });
    const sealed = vault.seal(SECRET, place);
    const wrong: string[] = [];
    const attempt = (name: string, bytes: Buffer, where: Place = place, by = vault) => {
      try {
        by.open(bytes, where);
        wrong.push(name);
      } catch (error) {
        if (!(error instanceof VaultError)) throw error;
      }
    };
    let n = 0;
    const elsewhere: Partial<Place>[] = [
      { tenantId: randomUUID() },
      { column: 'account' },
      { table: 'webhook_secrets' },
      { row: 'twilio' },
      { table: 'vendor_credentials","secret', column: '' },
    ];
    for (const change of elsewhere) attempt(`in ${JSON.stringify(change)}`, sealed, { ...place, ...change });
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const flipped = Buffer.from(sealed);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      attempt(`bit ${bit}`, flipped);
    }
    for (let length = 0; length < sealed.length; length += 1) attempt(`cut to ${length}`, sealed.subarray(0, length));
    attempt('one byte more', Buffer.concat([sealed, Buffer.of(0)]));
    attempt('another key', sealed, place, createVault({ secretKey: randomBytes(32).toString('hex') }));
    n = elsewhere.length + sealed.length * 9 + 2;

    const seals = 100_000 * testScale();
    const nonces = new Set<string>();
    for (let i = 0; i < seals; i += 1) {
      nonces.add(vault.seal('', place).toString('latin1', PREFIX_BYTES, PREFIX_BYTES + 12));
    }
    const repeats = seals - nonces.size;
    printResult({
      id: 'S08',
      value: `${wrong.length} wrongly opened, ${repeats} nonces repeated`,
      unit: `of ${n} attempts, ${seals} seals`,
      goal: '0, 0',
      floor: '0, 0',
      pass: wrong.length === 0 && repeats === 0,
      n: n + seals,
    });
    expect(wrong).toEqual([]);
    expect(repeats).toBe(0);
  });

  it('opens with the previous key and seals with the current one', () => {
    const before = createVault({ secretKey });
    const after = createVault({ secretKey: randomBytes(32).toString('hex'), secretKeyPrevious: secretKey });
    const sealed = before.seal(SECRET, place);
    expect(after.open(sealed, place)).toBe(SECRET);
    expect(after.previousPrefix).toEqual(before.currentPrefix);
    expect(() => before.open(after.seal(SECRET, place), place)).toThrow('another AVA_SECRET_KEY');
  });
});
