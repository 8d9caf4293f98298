import type { LookupAddress } from 'node:dns';
import { describe, expect, test } from 'vitest';
import { EgressRefused, guardedLookup, isForbiddenAddress } from './egress.ts';

describe('addresses', () => {
  test.each(['8.8.8.8', '1.1.1.1', '2606:4700:4700::1111', '172.32.0.1', '100.128.0.1'])('%s is outside', (address) => {
    expect(isForbiddenAddress(address)).toBe(false);
  });

  test.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '127.0.0.1',
    '127.255.255.254',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::7f00:1',
    '::ffff:127.0.0.1',
    '::ffff:8.8.8.8',
    '64:ff9b::a00:1',
    '2002:7f00:1::',
    '2001::1',
    'fc00::1',
    'fd12::1',
    'fe80::1',
    'fe80::1%eth0',
    'ff02::1',
    '',
    'host',
  ])('%s is forbidden', (address) => {
    expect(isForbiddenAddress(address)).toBe(true);
  });
});

describe('looking a name up', () => {
  const answer = (found: LookupAddress[]) =>
    guardedLookup(((_: string, __: object, callback: (error: null, found: LookupAddress[]) => void) =>
      callback(null, found)) as never);
  const ask = (found: LookupAddress[], all: boolean) =>
    new Promise<unknown>((resolve, reject) =>
      answer(found)('example.com', { all }, (error, address) => (error ? reject(error) : resolve(address))),
    );

  test('gives the address, or all of them, as the socket asks', async () => {
    const found = [{ address: '8.8.8.8', family: 4 }];
    expect(await ask(found, false)).toBe('8.8.8.8');
    expect(await ask(found, true)).toEqual(found);
  });

  test('one forbidden address among good ones spoils the name', async () => {
    const found = [
      { address: '8.8.8.8', family: 4 },
      { address: '10.0.0.1', family: 4 },
    ];
    await expect(ask(found, true)).rejects.toBeInstanceOf(EgressRefused);
  });

  test('a name without addresses is refused', async () => {
    await expect(ask([], false)).rejects.toBeInstanceOf(EgressRefused);
  });
});
