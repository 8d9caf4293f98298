import type { Database } from '../../db/connect.ts';

export type AlertFacts = {
  id: string;
  rule: string;
  resource: string;
  summary: string;
  firedAt: Date;
  resolvedAt: Date | null;
};

const LONGEST_MS = 7 * 86_400_000;

/** Alerts that were open at some moment of this time, or the one with this id. For operators alone. */
export async function alertsAbout(
  db: Database,
  about: { ids: readonly string[]; during: { from: Date; to: Date } | undefined },
  most: number,
): Promise<AlertFacts[]> {
  const { ids, during } = about;
  const begin = db.system.selectFrom('alerts').selectAll().orderBy('fired_at', 'desc').limit(most);
  const named = ids.length > 0 ? await begin.where('id', 'in', [...ids]).execute() : [];
  const overlapping =
    during === undefined
      ? []
      : await begin
          .where('fired_at', '<=', during.to)
          .where('fired_at', '>=', new Date(during.from.getTime() - LONGEST_MS))
          .where((eb) => eb.or([eb('resolved_at', 'is', null), eb('resolved_at', '>=', during.from)]))
          .execute();
  const rows = new Map([...named, ...overlapping].map((row) => [row.id, row]));
  return [...rows.values()].map(({ id, rule, resource, summary, fired_at: firedAt, resolved_at: resolvedAt }) => ({
    ...{ id, rule, resource, summary, firedAt, resolvedAt },
  }));
}
