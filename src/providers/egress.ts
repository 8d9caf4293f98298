/**
 * Keeps calls to addresses that a tenant typed from reaching the inside. The address is judged twice: as it is written, since a
 * literal address is never looked up, and again when the connection is opened, on the very address that is connected to, so that
 * a name which resolves differently the second time gains nothing.
 */
import { lookup as systemLookup } from 'node:dns';
import type { LookupAddress } from 'node:dns';
import { BlockList, isIP } from 'node:net';
import type { LookupFunction } from 'node:net';

export class EgressRefused extends Error {
  override readonly name = 'EgressRefused';
  readonly code = 'EGRESS_REFUSED';
}

type Range = readonly [address: string, prefix: number];

const V4: readonly Range[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];

/** Besides the local ranges, every form that can carry an IPv4 address inside: mapped, compatible, NAT64, Teredo, 6to4. */
const V6: readonly Range[] = [
  ['::', 96],
  ['::ffff:0:0', 96],
  ['::ffff:0:0:0', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
  ['5f00::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
];

/** One list per family: a list of both would take the rule for mapped addresses to mean all of IPv4. */
const FORBIDDEN_V4 = listOf(V4, 'ipv4');
const FORBIDDEN_V6 = listOf(V6, 'ipv6');

/** Whether `address` (IPv4 or IPv6, without brackets) belongs to a private, local or otherwise special range. Unreadable text does. */
export function isForbiddenAddress(address: string): boolean {
  const bare = address.split('%', 1)[0] ?? '';
  const family = isIP(bare);
  if (family === 0) return true;
  return family === 4 ? FORBIDDEN_V4.check(bare, 'ipv4') : FORBIDDEN_V6.check(bare, 'ipv6');
}

/** Why this URL must not be called; undefined when nothing speaks against it before its name is looked up. */
export function refusalOfUrl(url: URL): string | undefined {
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'only http and https addresses are called';
  if (url.username || url.password) return 'an address must not carry a user name or password';
  const host = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  if (isIP(host)) return isForbiddenAddress(host) ? 'the address is inside a private network' : undefined;
  if (host === 'localhost' || host.endsWith('.localhost')) return 'the address is inside a private network';
  return undefined;
}

/** A look-up for sockets that fails when any of the addresses found is forbidden. */
export function guardedLookup(lookup: typeof systemLookup = systemLookup): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error: NodeJS.ErrnoException | null, found: LookupAddress[]) => {
      if (error) return callback(error, '', 0);
      const [first] = found;
      if (!first || found.some(({ address }) => isForbiddenAddress(address))) {
        return callback(new EgressRefused('the name leads into a private network'), '', 0);
      }
      if (options.all) return callback(null, found);
      return callback(null, first.address, first.family);
    });
  };
}

function listOf(ranges: readonly Range[], family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList();
  for (const [address, prefix] of ranges) list.addSubnet(address, prefix, family);
  return list;
}
