import { timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { Random } from '../random.ts';
import type { World } from '../world.ts';
import { type Account, createAccount, type NewAccount } from './account.ts';
import { TwilioRefusal, unauthorised } from './errors.ts';

/** The Twilio twin: its accounts, and the telephony engine that makes their numbers ring. */
export type TwilioTwin = {
  world: World;
  random: Random;
  accounts: Account[];
  /** Where this twin is reached; known once its door is open. */
  url: string;
  addAccount(given?: NewAccount): Account;
  /** Put in by `simulator.ts`. */
  engine: Engine;
};

/** What the REST API asks of the engine. */
export type Engine = {
  /** A call made through the API has been queued. */
  startOutbound(account: Account, callSid: string, params: Record<string, unknown>): void;
  /** A running call is hung up, or sent to other instructions. */
  changeCall(callSid: string, change: { hangUp?: boolean; url?: string; method?: string; twiml?: string }): void;
  /** Says a message's new status to its callback. */
  tell(account: Account, url: string, params: Record<string, string>): void;
};

const noEngine: Engine = { startOutbound: () => {}, changeCall: () => {}, tell: () => {} };

export function createTwilioTwin(world: World, random: Random): TwilioTwin {
  const accounts: Account[] = [];
  return {
    world,
    random,
    accounts,
    url: '',
    addAccount(given = {}) {
      const account = createAccount(given, { random, story: world.time.story });
      accounts.push(account);
      return account;
    },
    engine: noEngine,
  };
}

export const BASE = '/2010-04-01';

/**
 * The account in the path, once the credentials are good for it: its own token, its parent's, or an API key of it.
 * Throws Twilio's 401, its 403 for an account that is not active or has test credentials, its 404.
 */
export function accountOf(twin: TwilioTwin, request: FastifyRequest, use: AccountUse = {}): Account {
  const { accountSid } = request.params as { accountSid: string };
  const caller = callerOf(twin, request);
  if (use.refusesKeys && caller.byKey) throw unauthorised();
  const account = twin.accounts.find((candidate) => candidate.sid === accountSid);
  if (!account || !reaches(caller.account, account)) {
    throw new TwilioRefusal(404, 20404, `The requested resource ${request.url.split('?')[0]} was not found`);
  }
  if (account.status !== 'active') throw new TwilioRefusal(403, 20005, 'Account not active');
  if (account.isTest && !use.allowsTest) {
    throw new TwilioRefusal(403, 20008, 'Resource not accessible with Test Account Credentials');
  }
  return account;
}

export type AccountUse = { allowsTest?: boolean; refusesKeys?: boolean };

export function callerOf(twin: TwilioTwin, request: FastifyRequest): { account: Account; byKey: boolean } {
  const encoded = /^Basic (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
  const [user = '', ...rest] = Buffer.from(encoded ?? '', 'base64')
    .toString()
    .split(':');
  const secret = rest.join(':');
  for (const account of twin.accounts) {
    if (account.sid === user && same(account.authToken, secret)) return { account, byKey: false };
    const keySecret = account.keys.get(user);
    if (keySecret !== undefined && same(keySecret, secret)) return { account, byKey: true };
  }
  throw unauthorised();
}

function reaches(caller: Account, account: Account): boolean {
  return caller.sid === account.sid || caller.sid === account.ownerSid;
}

function same(expected: string, given: string): boolean {
  const left = Buffer.from(expected);
  const right = Buffer.from(given);
  return left.length === right.length && timingSafeEqual(left, right);
}
