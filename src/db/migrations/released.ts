/** How a migration declares that it takes something away. */
import type { Migration } from 'kysely/migration';

/**
 * Exported by a migration that takes away, renames or tightens what an earlier version used. Without it a migration
 * counts as expanding: every version that runs can live with it, and `ava migrate --check` holds it to that.
 */
export type Contract = {
  /**
   * The migration that came with the first version that lives without it. Whoever does not know that migration still
   * needs what is taken. A version that changes no table ships an empty migration to be told by.
   */
  after: string;
  /** What is taken, as `ava migrate --check` names it: `column calls.notes`. */
  takes: readonly string[];
};

export type ReleasedMigration = Migration & {
  contract?: Contract;
  /**
   * Indexes of tables that may be large, by name: what stands behind `create index NAME`. They are built before the
   * migration, while everybody works; its `up` says `create index if not exists` for a database that is new.
   */
  indexes?: Readonly<Record<string, string>>;
};
export type Migrations = Record<string, ReleasedMigration>;
