/**
 * The auth tokens that may sign webhooks of an account: of the environment, and of every tenant that has this account.
 * Kept in memory, so that a ringing call is checked while the database is away; a token that was replaced counts on for
 * a while, since Twilio changes over at its own moment.
 */
import { sql } from 'kysely';
import type { Clock } from '../../clock.ts';
import type { Database } from '../../db/connect.ts';
import { within } from '../../within.ts';

export type TokenBook = { tokensOf(accountSid: string): Promise<string[]> };

export type TokenBookDeps = {
  db: Database;
  clock: Clock;
  environment: { accountSid: string; authToken: string } | undefined;
  tokenOf(tenantId: string, accountSid: string): Promise<string | undefined>;
};

type Page = { tokens: Map<string, number>; readMs: number };

const FRESH_MS = 10_000;
const REPLACED_COUNTS_MS = 15 * 60_000;
const DATABASE_BUDGET_MS = 300;
const MOST_ACCOUNTS = 10_000;

export function createTokenBook(deps: TokenBookDeps): TokenBook {
  const { db, clock, environment } = deps;
  const pages = new Map<string, Page>();

  async function read(accountSid: string): Promise<string[]> {
    const { rows } = await sql<{ tenant_id: string }>`
      select t as tenant_id from tenants_of_twilio_account(${accountSid}) t`.execute(db.lane('call').system);
    const tokens = await Promise.all(rows.map((row) => deps.tokenOf(row.tenant_id, accountSid)));
    return tokens.filter((token) => token !== undefined && token !== '') as string[];
  }

  function write(accountSid: string, tokens: string[]): Page {
    const nowMs = clock.monotonicMs();
    const page: Page = { tokens: new Map(pages.get(accountSid)?.tokens), readMs: nowMs };
    for (const token of tokens) page.tokens.set(token, nowMs + REPLACED_COUNTS_MS);
    for (const [token, untilMs] of page.tokens) if (untilMs < nowMs) page.tokens.delete(token);
    // Accounts that nobody has are not worth a place: strangers could fill the book with them.
    if (page.tokens.size > 0) pages.set(accountSid, page);
    if (pages.size > MOST_ACCOUNTS) pages.delete(pages.keys().next().value!);
    return page;
  }

  return {
    async tokensOf(accountSid) {
      const own = environment?.accountSid === accountSid ? [environment.authToken] : [];
      let page = pages.get(accountSid);
      if (page === undefined || clock.monotonicMs() - page.readMs > FRESH_MS) {
        const tokens = await within(
          clock,
          DATABASE_BUDGET_MS,
          () => read(accountSid),
          () => undefined,
        ).catch(() => undefined);
        if (tokens !== undefined) page = write(accountSid, tokens);
      }
      return [...own, ...(page?.tokens.keys() ?? [])].filter((token) => token !== '');
    },
  };
}
