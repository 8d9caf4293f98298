/** Reads, past AVA's own code, what a storm left in the tables and in the mailbox, and counts what should not be. */
import type { Client } from 'pg';
import type { Storm, StormCall } from './storm.ts';

export type Verdict = {
  /** Acknowledged, and not in the ledger or not processed. */
  lost: number;
  /** Effects that happened twice: calls, facts, sums of the day, mails. */
  duplicated: number;
  /** Calls that are not what their report said, and rows that nobody sent. */
  unexpected: number;
  /** Calls that were ended and were not any more. */
  undone: number;
  /** Never acknowledged to anybody, whatever was tried. */
  refused: number;
  /** Calls of which nobody was told, for certain or because nobody can know. */
  mail: { missing: number; unknown: number };
};

/** Notes every call that loses its final state, at the moment when it does. To be called before the storm. */
export async function watchFinalStates(owner: Client): Promise<void> {
  await owner.query(`create table undone_calls (call_id uuid, was text, became text)`);
  await owner.query(`create function note_undone() returns trigger language plpgsql security definer as $$
    begin
      insert into undone_calls values (old.id, old.status || ' ' || old.ended_at, new.status || ' ' || new.ended_at);
      return new;
    end $$`);
  await owner.query(`create trigger note_undone after update on calls for each row
    when (old.status = 'ended' and (new.status is distinct from 'ended'
      or (old.cost_usd is not null and new.cost_usd is distinct from old.cost_usd)
      or (old.summary is not null and new.summary is distinct from old.summary)))
    execute function note_undone()`);
}

export async function judge(owner: Client, storm: Storm, mails: { to: string[]; raw: string }[]): Promise<Verdict> {
  const rows = async (text: string) => (await owner.query<Record<string, any>>(text)).rows;
  const one = async (text: string) => (await rows(text))[0]!;
  const ledger = await rows(`select vapi_call_id, kept->>'name' as name, state from webhook_events`);
  const calls = await rows('select * from calls');
  const facts = await one(`select count(*)::int as n, count(distinct key)::int as keys from call_events`);
  const day = await one(`select sum(calls)::int as calls, sum(seconds)::int as seconds, sum(cost_usd) as cost
    from call_days`);
  const undone = await one('select count(*)::int as n from undone_calls');
  const audit = await one('select count(*)::int as n from audit_entries');
  const acknowledged = storm.events.filter((event) => event.isAcknowledged);
  const processed = new Set(
    ledger.filter((row) => row['state'] === 'processed').map((row) => `${row['vapi_call_id']} ${nameOf(row['name'])}`),
  );
  const sum = (column: string) => calls.reduce((total, call) => total + Number(call[column] ?? 0), 0);
  const mailed = countMails(mails);
  const repeatedMails = [...mailed.values()].reduce((total, count) => total + count - 1, 0);
  const lacking = calls.filter((call) => !mailed.has(String(call['id'])));
  const unsure = await rows(`select split_part(key, ':', 3) as call_id from effects
    where kind = 'email' and state in ('started', 'unknown')`);
  const unsureIds = new Set(unsure.map((row) => row['call_id']));
  const unknown = lacking.filter((call) => unsureIds.has(call['id'])).length;
  return {
    lost: acknowledged.filter((event) => !processed.has(`${event.vapiCallId} ${event.name}`)).length,
    duplicated:
      Math.max(0, ledger.length - storm.events.length) +
      Math.max(0, calls.length - storm.calls.length) +
      (facts['n'] - facts['keys']) +
      repeatedMails +
      Math.abs(day['calls'] - calls.length) +
      Math.abs(day['seconds'] - sum('duration_seconds')) +
      (Math.abs(Number(day['cost']) - sum('cost_usd')) > 0.001 ? 1 : 0),
    unexpected: storm.calls.filter((call) => !isAsReported(call, calls)).length + audit['n'],
    undone: undone['n'],
    refused: storm.events.length - acknowledged.length,
    mail: { missing: lacking.length - unknown, unknown },
  };
}

const NAMES: Record<string, string> = {
  'status-update:in-progress': 'in-progress',
  'status-update:ended': 'ended',
  'transcript:user': 'transcript',
  'end-of-call-report': 'report',
};

function nameOf(kept: string): string {
  return NAMES[kept] ?? kept;
}

function isAsReported(call: StormCall, rows: Record<string, any>[]): boolean {
  const found = rows.filter((row) => row['vapi_call_id'] === call.vapiCallId);
  const [row] = found;
  return (
    found.length === 1 &&
    row?.['status'] === 'ended' &&
    row['outcome'] === 'ai' &&
    row['ended_reason'] === call.reason &&
    row['duration_seconds'] === call.seconds &&
    row['cost_usd'] === call.cost &&
    row['summary'] === call.summary &&
    row['has_transcript'] === true
  );
}

/** How many mails tell of each call. */
function countMails(mails: { raw: string }[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { raw } of mails) {
    const id = /\/calls\/([0-9a-f-]{36})/.exec(raw.replaceAll(/=\r?\n/g, ''))?.[1] ?? raw;
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return counts;
}
