/**
 * How often a password may be guessed. Failures count per account and address, per address, and per account over all
 * addresses; after some free ones each costs a delay that doubles. A place from which the account was signed in
 * before (its refresh token, or its address) has a count of its own with a short ceiling, so that nobody can lock an
 * owner out by guessing. Attempts are counted before the password is looked at, and given back when it was right:
 * a hundred at once are no way around. Kept in the database, so that all replicas count together.
 */
import { createHmac } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import type { Database } from '../../db/connect.ts';
import { errorsOf } from '../../errors.ts';
import { deriveKeys, type SecretKeys } from '../../keys.ts';
import { ACCOUNT_ERRORS } from './contract.ts';
import { countAttempt, forgetOldLimits, giveBackAttempts } from './limit-store.ts';

export type Attempt = {
  email: string;
  address: string;
  /** Name of a place that the account is known at. */
  knownPlace?: string | undefined;
};

export type SignInLimits = {
  /** Counts the attempt, or throws `sign_in_throttled`. */
  begin(attempt: Attempt): Promise<CountedAttempt>;
  /** Removes counts that nothing has been added to for a day. */
  tidy(): Promise<void>;
};

export type CountedAttempt = {
  /** The password was right, or was never looked at: the attempt does not count. */
  giveBack(): Promise<void>;
};

export type Policy = { name: string; freeFailures: number; longestDelayMs: number };

export const POLICIES = {
  pair: { name: 'pair', freeFailures: 5, longestDelayMs: 900_000 },
  address: { name: 'address', freeFailures: 20, longestDelayMs: 900_000 },
  account: { name: 'account', freeFailures: 20, longestDelayMs: 300_000 },
  known: { name: 'known', freeFailures: 5, longestDelayMs: 60_000 },
} as const satisfies Record<string, Policy>;

const FORGET_MS = 3_600_000;
const fail = errorsOf(ACCOUNT_ERRORS);

export function createSignInLimits(deps: { db: Database; clock: Clock; secrets: SecretKeys }): SignInLimits {
  const { db, clock } = deps;
  const { key: mac } = deriveKeys(deps.secrets, 'sign-in-limits').current;
  const keyOf = (policy: Policy, ...parts: string[]) =>
    createHmac('sha256', mac)
      .update(JSON.stringify([policy.name, ...parts]))
      .digest();

  const countersOf = ({ email, address, knownPlace }: Attempt) => {
    const account = email.toLowerCase();
    const counters =
      knownPlace === undefined
        ? [
            { policy: POLICIES.pair, key: keyOf(POLICIES.pair, account, address) },
            { policy: POLICIES.address, key: keyOf(POLICIES.address, address) },
            { policy: POLICIES.account, key: keyOf(POLICIES.account, account) },
          ]
        : [{ policy: POLICIES.known, key: keyOf(POLICIES.known, account, knownPlace) }];
    // One order for everybody: two attempts never wait for each other.
    return counters.toSorted((a, b) => Buffer.compare(a.key, b.key));
  };

  return {
    async begin(attempt) {
      const now = clock.now();
      const counters = countersOf(attempt);
      await db.system.transaction().execute(async (trx) => {
        for (const { key, policy } of counters) {
          const blockedUntil = await countAttempt(trx, { key, now, forgetMs: FORGET_MS, delayMs: delaysOf(policy) });
          if (blockedUntil) throw throttled(blockedUntil, now);
        }
      });
      return {
        giveBack: () =>
          giveBackAttempts(
            db.system,
            counters.map(({ key }) => key),
          ),
      };
    },
    tidy: () => forgetOldLimits(db.system, new Date(clock.now().getTime() - 24 * FORGET_MS)),
  };
}

/** How long the account is closed after its n-th failure: nothing for the free ones, then 1 s, 2 s, 4 s and so on. */
function delaysOf({ freeFailures, longestDelayMs }: Policy): (failures: number) => number {
  return (failures) =>
    failures < freeFailures ? 0 : Math.min(1000 * 2 ** Math.min(failures - freeFailures, 30), longestDelayMs);
}

function throttled(blockedUntil: Date, now: Date) {
  const seconds = Math.max(1, Math.ceil((blockedUntil.getTime() - now.getTime()) / 1000));
  return fail('sign_in_throttled', `Too many attempts to sign in failed. Try again in ${seconds} s.`, {
    retryAfterSeconds: seconds,
  });
}
