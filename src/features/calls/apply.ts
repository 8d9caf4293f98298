/**
 * Takes facts in: finds or makes their calls, keeps each fact once, and folds the calls that learned something. The
 * number of statements does not grow with the number of facts. All writers of one tenant's calls take turns.
 */
import { sql, type Transaction } from 'kysely';
import { monthlyId } from '../../db/months.ts';
import type { Schema } from '../../db/schema.ts';
import type { CallFact } from './fact.ts';
import type { Applied, Link } from './applied.ts';
import { foldCall } from './fold.ts';
import { beginOf } from './walk.ts';
import {
  addFacts,
  addLinks,
  listFacts,
  listLinks,
  lockRows,
  mergeCalls,
  writeCalls,
  writeDays,
  writeTexts,
} from './apply-store.ts';

/** Resolves to the calls that changed. Idempotent: facts that are known already change nothing. `now` dates what is new. */
export async function applyFacts(
  trx: Transaction<Schema>,
  tenantId: string,
  given: readonly CallFact[],
  now: Date,
): Promise<Applied[]> {
  const facts = given.filter((fact) => linksOf(fact).length > 0);
  if (facts.length === 0) return [];
  await takeTurn(trx, tenantId);
  const { callIdOf, newLinks, merges } = await resolveCalls(trx, facts, now);
  for (const { keep, drop } of merges) await mergeCalls(trx, tenantId, keep, drop);
  await addLinks(trx, tenantId, newLinks);
  const learned = await addFacts(
    trx,
    tenantId,
    facts.map((fact) => ({ ...fact, callId: callIdOf(fact) })),
  );
  const changed = [...new Set([...learned, ...merges.map(({ keep }) => keep)])];
  return changed.length === 0 ? [] : await refold(trx, tenantId, changed, textsOf(facts, callIdOf));
}

/** Waits until no other transaction works on this tenant's calls. */
async function takeTurn(trx: Transaction<Schema>, tenantId: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`calls:${tenantId}`}, 0))`.execute(trx);
}

function linksOf(fact: CallFact): Omit<Link, 'callId'>[] {
  const { avaId, vapiCallId, twilioCallSid } = fact.facts;
  return [
    ...(avaId === undefined ? [] : [{ vendor: 'ava' as const, vendorId: avaId }]),
    ...(vapiCallId === undefined ? [] : [{ vendor: 'vapi' as const, vendorId: vapiCallId }]),
    ...(twilioCallSid === undefined ? [] : [{ vendor: 'twilio' as const, vendorId: twilioCallSid }]),
  ];
}

/** Facts that share an id of a vendor are about the same call; one that carries both ids joins what were two. */
async function resolveCalls(trx: Transaction<Schema>, facts: readonly CallFact[], now: Date) {
  const known = await listLinks(trx, facts.flatMap(linksOf));
  const callOf = new Map(known.map((link) => [nameOf(link), link.callId]));
  const merges: { keep: string; drop: string }[] = [];
  const newLinks: Link[] = [];
  for (const fact of facts) {
    const links = linksOf(fact);
    const found = [...new Set(links.map((link) => callOf.get(nameOf(link))).filter((id) => id !== undefined))];
    const keep = found[0] ?? newCallId(fact, now);
    for (const drop of found.slice(1)) {
      merges.push({ keep, drop });
      for (const [name, id] of callOf) if (id === drop) callOf.set(name, keep);
    }
    for (const link of links) {
      if (callOf.get(nameOf(link)) === undefined) newLinks.push({ ...link, callId: keep });
      callOf.set(nameOf(link), keep);
    }
  }
  const callIdOf = (fact: CallFact) => callOf.get(nameOf(linksOf(fact)[0]!))!;
  const settled = newLinks.map((link) => ({ ...link, callId: callOf.get(nameOf(link))! }));
  return { callIdOf, newLinks: settled, merges };
}

/** Of the month in which the call begins, as far as that is known. Nothing that is known later lets it begin later. */
function newCallId({ at, facts: { startedAt } }: CallFact, now: Date): string {
  const times = [at, now, ...(startedAt === undefined ? [] : [new Date(startedAt)])];
  return monthlyId(new Date(Math.min(...times.map((time) => time.getTime()))));
}

function nameOf({ vendor, vendorId }: Omit<Link, 'callId'>): string {
  return `${vendor} ${vendorId}`;
}

function textsOf(facts: readonly CallFact[], callIdOf: (fact: CallFact) => string) {
  return facts.flatMap((fact) =>
    fact.text === undefined ? [] : [{ callId: callIdOf(fact), at: fact.at, text: fact.text }],
  );
}

async function refold(
  trx: Transaction<Schema>,
  tenantId: string,
  callIds: string[],
  texts: ReturnType<typeof textsOf>,
): Promise<Applied[]> {
  const factsByCall = await listFacts(trx, callIds);
  const rows = await lockRows(trx, callIds);
  const withText = await writeTexts(trx, tenantId, texts);
  const applied = callIds.flatMap((callId): Applied[] => {
    const facts = factsByCall.get(callId);
    if (facts === undefined) return [];
    const state = foldCall(facts);
    return [{ callId, before: rows.get(callId), after: { ...state, startedAt: beginOf(callId, state.startedAt) } }];
  });
  await writeCalls(trx, tenantId, applied, withText);
  await writeDays(trx, tenantId, applied);
  return applied;
}
