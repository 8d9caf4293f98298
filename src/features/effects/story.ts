/** What the effect ledger keeps about an id: never its payload, which may hold what people said. */
import { type ExpressionBuilder, type Selectable, sql, type SqlBool, type Transaction } from 'kysely';
import type { EffectsTable, Schema } from '../../db/schema.ts';

export type EffectFacts = Omit<Selectable<EffectsTable>, 'outcome'>;

export type EffectClues = {
  ids: readonly string[];
  correlationIds: readonly string[];
  keys: readonly string[];
  keyPrefixes: readonly string[];
  /** Under which a vendor knows what was sent. */
  messageId: string;
};

const COLUMNS = [
  ...['id', 'tenant_id', 'key', 'kind', 'state', 'attempts', 'correlation_id', 'created_at', 'updated_at'],
] as (keyof EffectFacts)[];

type Where = (eb: ExpressionBuilder<Schema, 'effects'>) => ReturnType<typeof eb.and>;

/** The tenant's effects; at most `most` by each clue, oldest first. */
export async function effectsAbout(
  trx: Transaction<Schema>,
  tenantId: string,
  clues: EffectClues,
  most: number,
): Promise<EffectFacts[]> {
  const named = await sql<{
    id: string;
  }>`select e as id from effects_of_message(${clues.messageId}, ${most}) e`.execute(trx);
  const ids = [...clues.ids, ...named.rows.map((row) => row.id)];
  const walks: Where[] = [
    ...(ids.length > 0 ? [((eb) => eb.and([eb('id', 'in', ids)])) as Where] : []),
    ...(clues.keys.length > 0 ? [((eb) => eb.and([eb('key', 'in', [...clues.keys])])) as Where] : []),
    ...(clues.correlationIds.length > 0
      ? [((eb) => eb.and([eb('correlation_id', 'in', [...clues.correlationIds])])) as Where]
      : []),
    ...clues.keyPrefixes.map(
      (prefix): Where =>
        (eb) =>
          eb.and([beginsWith(prefix)]),
    ),
  ];
  const found = new Map<string, EffectFacts>();
  for (const where of walks) {
    const rows = await trx
      .selectFrom('effects')
      .select(COLUMNS)
      .where('tenant_id', '=', tenantId)
      .where(where)
      .orderBy('created_at')
      .limit(most)
      .execute();
    for (const row of rows) found.set(row.id, row);
  }
  return [...found.values()];
}

// `like` and `starts_with` are not leakproof, so under row-level security no index would serve them; comparisons are.
function beginsWith(prefix: string) {
  return sql<SqlBool>`(key collate "C" >= ${prefix} and key collate "C" < ${`${prefix}\u{10FFFF}`})`;
}
