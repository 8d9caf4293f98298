/** X.509 certificates made on the spot, for servers that show the wrong one. RFC 5280, as little of it as TLS asks for. */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

export type Certificate = { cert: string; key: string };
export type CertificateOrder = { hosts?: string[]; addresses?: string[]; from?: Date; until?: Date };

/** An authority of its own; what it signs is good where `ca` is trusted. */
export function createAuthority(name: string): { ca: string; issue(order: CertificateOrder): Certificate } {
  const { publicKey, privateKey } = keyPair();
  const inAYear = new Date(Date.now() + 365 * DAY_MS);
  const ca = certificate({ name, issuer: name, publicKey, signer: privateKey, from: yesterday(), until: inAYear }, [
    extension(BASIC_CONSTRAINTS, sequence(BOOLEAN_TRUE)),
  ]);
  return {
    ca,
    issue({ hosts = [], addresses = [], from = yesterday(), until = inAYear }) {
      const own = keyPair();
      const names = [
        ...hosts.map((host) => tagged(0x82, Buffer.from(host))),
        ...addresses.map((address) => tagged(0x87, Buffer.from(address.split('.').map(Number)))),
      ];
      const order = { name: 'vendor', issuer: name, publicKey: own.publicKey, signer: privateKey, from, until };
      const cert = certificate(order, [extension(ALTERNATIVE_NAMES, sequence(...names))]);
      return { cert, key: own.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string };
    },
  };
}

const DAY_MS = 86_400_000;
const yesterday = () => new Date(Date.now() - DAY_MS);
const keyPair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });

type Subject = { name: string; issuer: string; publicKey: KeyObject; signer: KeyObject; from: Date; until: Date };

function certificate({ name, issuer, publicKey, signer, from, until }: Subject, extensions: Buffer[]): string {
  const algorithm = sequence(ECDSA_WITH_SHA256);
  const content = sequence(
    tagged(0xa0, tagged(0x02, Buffer.of(2))),
    tagged(0x02, Buffer.concat([Buffer.of(1), randomBytes(8)])),
    algorithm,
    named(issuer),
    sequence(time(from), time(until)),
    named(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(...extensions)),
  );
  const signature = tagged(0x03, Buffer.concat([Buffer.of(0), sign('sha256', content, signer)]));
  // No empty line at the end, which OpenSSL does not read.
  const lines =
    sequence(content, algorithm, signature)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  const text = lines.join('\n');
  return `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`;
}

const oid = (hex: string) => tagged(0x06, Buffer.from(hex, 'hex'));
const ECDSA_WITH_SHA256 = oid('2a8648ce3d040302');
const COMMON_NAME = oid('550403');
const BASIC_CONSTRAINTS = oid('551d13');
const ALTERNATIVE_NAMES = oid('551d11');
const BOOLEAN_TRUE = tagged(0x01, Buffer.of(0xff));

function extension(id: Buffer, value: Buffer): Buffer {
  return sequence(id, tagged(0x04, value));
}

function named(name: string): Buffer {
  return sequence(tagged(0x31, sequence(COMMON_NAME, tagged(0x0c, Buffer.from(name)))));
}

/** UTCTime: good until 2049. */
function time(at: Date): Buffer {
  return tagged(0x17, Buffer.from(`${at.toISOString().replaceAll(/[-:T]/g, '').slice(2, 14)}Z`));
}

function sequence(...parts: Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts));
}

function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), content]);
  return Buffer.concat([Buffer.of(tag, 0x82, length >> 8, length & 0xff), content]);
}
