/**
 * P17, S04 and S06: what it costs to know a caller from a token, and whether the time that a refusal takes tells
 * anything. Rounds are interleaved and the median one counts; a library's verification stands beside for comparison.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { createVerifier } from 'fast-jwt';
import Fastify from 'fastify';
import { systemClock } from '../src/clock.ts';
import { createAccessTokens } from '../src/features/accounts/access-token.ts';
import { createAuthenticate } from '../src/features/accounts/authenticate.ts';
import { createPasswords } from '../src/features/accounts/passwords.ts';
import { createSessionCache } from '../src/features/accounts/session-cache.ts';
import type { ActiveSession } from '../src/features/accounts/store.ts';
import { deriveKeys } from '../src/keys.ts';
import { printRow } from './compare.ts';
import { median } from './load.ts';

const isFull = process.argv.includes('--full');
const secrets = { secretKey: randomBytes(32).toString('hex') };
const grant = { userId: randomUUID(), tenantId: randomUUID(), sessionId: randomUUID() };
const session: ActiveSession = {
  userId: grant.userId,
  email: 'a@example.test',
  operator: false,
  role: 'owner',
  synthetic: false,
  expiresAtMs: Number.MAX_SAFE_INTEGER,
};
const yesterday = { ...systemClock, now: () => new Date(Date.now() - 86_400_000) };
const tokens = createAccessTokens({ secrets, clock: systemClock });
const sessions = createSessionCache({ clock: systemClock, load: async () => session });
const authenticate = createAuthenticate({ tokens, sessions, clock: systemClock });
const token = tokens.issue(grant, 3600);
const [header, payload, signature] = token.split('.') as [string, string, string];
const flip = (at: number) => signature.slice(0, at) + (signature[at] === 'A' ? 'E' : 'A') + signature.slice(at + 1);
const refusals: Record<string, string> = {
  'wrong signature': `${header}.${payload}.${flip(20)}`,
  'algorithm none': `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`,
  expired: createAccessTokens({ secrets, clock: yesterday }).issue(grant, 3600),
  'no such session': tokens.issue({ ...grant, userId: randomUUID() }, 3600),
  long: `${token}${'x'.repeat(8000)}`,
};
const verify = createVerifier({
  key: deriveKeys(secrets, 'access-token').current.key,
  algorithms: ['HS256'],
  allowedIss: 'ava',
  allowedAud: 'ava-api',
  checkTyp: 'at+jwt',
  requiredClaims: ['exp', 'sub', 'sid', 'tid'],
});

await authenticate(token);
const isAccepted = (given: string) => {
  try {
    void authenticate(given);
    return true;
  } catch {
    return false;
  }
};

const contestants: Record<string, () => unknown> = {
  accept: () => authenticate(token),
  library: () => verify(token),
  ...Object.fromEntries(Object.entries(refusals).map(([name, given]) => [name, () => isAccepted(given)])),
};
const us = await compareCpu(contestants, isFull ? 31 : 11, 10_000);
for (const [name, value] of Object.entries(us)) console.log(`${name}: ${value.toFixed(2)} µs`);
printRow({ id: 'P17', value: us['accept']!, unit: 'µs CPU a verification', goal: 12, floor: 70, n: 10_000 });

// Over the door, where a stranger's refusal costs the whole request; a proved token is remembered, so alone it costs nearly nothing.
const app = Fastify();
app.get('/', (request, reply) => {
  try {
    void authenticate(request.headers.authorization!.slice(7));
    return reply.send({ hello: 'world' });
  } catch {
    return reply.code(401).send({ code: 'unauthenticated' });
  }
});
const asked = Object.fromEntries(
  Object.entries({ accept: token, ...refusals }).map(([name, given]) => [
    name,
    () => app.inject({ url: '/', headers: { authorization: `Bearer ${given}` } }),
  ]),
);
const requestUs = await compareCpu(asked, isFull ? 31 : 7, 1_000);
const dearest = Math.max(...Object.keys(refusals).map((name) => requestUs[name]!)) / requestUs['accept']!;
printRow({
  id: 'S04',
  value: dearest,
  unit: 'CPU of a request, dearest refusal ÷ acceptance',
  goal: 1.5,
  floor: 3,
  n: 1_000,
});

const samples = isFull ? 200_000 : 50_000;
const byteTimes = times(samples, [`${header}.${payload}.${flip(0)}`, `${header}.${payload}.${flip(41)}`]);
const t = Math.abs(welch(byteTimes[0]!, byteTimes[1]!));
printRow({
  id: 'S06',
  value: t,
  unit: '|t|, first ÷ last byte of the signature wrong',
  goal: 4.5,
  floor: 10,
  n: samples,
});

const passwords = createPasswords();
const stored = await passwords.hash('correct horse battery');
const people: [number[], number[]] = [[], []];
for (let i = 0; i < (isFull ? 2_000 : 150); i += 1) {
  for (const which of i % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
    const from = process.hrtime.bigint();
    await passwords.verify('wrong horse battery', which === 0 ? stored : undefined);
    people[which].push(Number(process.hrtime.bigint() - from));
  }
}
const tPeople = Math.abs(welch(people[0], people[1]));
printRow({
  id: 'S06',
  value: tPeople,
  unit: '|t|, known and unknown person',
  goal: 4.5,
  floor: 10,
  n: people[0].length,
});

/** Microseconds of CPU a call, the median over interleaved rounds. */
async function compareCpu(calls: Record<string, () => unknown>, rounds: number, count: number) {
  const found: Record<string, number[]> = {};
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, call] of Object.entries(calls)) {
      // The session is looked at again each second; here it is always fresh.
      await authenticate(token);
      const before = process.cpuUsage();
      for (let i = 0; i < count; i += 1) await call();
      const { user, system } = process.cpuUsage(before);
      (found[name] ??= []).push((user + system) / count);
    }
  }
  return Object.fromEntries(Object.entries(found).map(([name, values]) => [name, median(values)]));
}

function times(count: number, given: string[]): number[][] {
  const found: number[][] = given.map(() => []);
  for (let i = 0; i < count; i += 1) {
    for (let j = 0; j < given.length; j += 1) {
      const which = (i + j) % given.length;
      const from = process.hrtime.bigint();
      isAccepted(given[which]!);
      found[which]!.push(Number(process.hrtime.bigint() - from));
    }
  }
  return found;
}

/** Welch's t, without the slowest hundredth of each: that is the machine, not the code. */
function welch(a: number[], b: number[]): number {
  const [x, y] = [cropped(a), cropped(b)];
  return (mean(x) - mean(y)) / Math.sqrt(variance(x) / x.length + variance(y) / y.length);
}

function cropped(values: number[]): number[] {
  return values.toSorted((left, right) => left - right).slice(0, Math.floor(values.length * 0.99));
}

function mean(values: number[]): number {
  return values.reduce((total, value) => total + value, 0) / values.length;
}

function variance(values: number[]): number {
  const middle = mean(values);
  return values.reduce((total, value) => total + (value - middle) ** 2, 0) / (values.length - 1);
}
