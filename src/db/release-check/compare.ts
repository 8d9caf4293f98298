/** What one migration did to a schema that a running version would notice. */
import type { ColumnShape, RuleShape, Shape } from './shape.ts';

/**
 * `takes`: a version that leaned on it fails. `blocks`: nothing fails in the end, but a large table stands still
 * meanwhile. `what` names the thing as a contract declares it.
 */
export type Change = { effect: 'takes' | 'blocks'; what: string; table?: string; sentence: string };

/** Compares two shapes of one database; new tables and whatever belongs to them are nobody's loss. */
export function compareShapes(before: Shape, found: Shape): Change[] {
  const after = asPartitioned(before, found);
  return [
    ...lostTables(before, after),
    ...changedColumns(before, after),
    ...newColumns(before, after),
    ...newRules(before, after),
    ...lostKeys(before, after),
    ...changedFunctions(before, after),
    ...changedPolicies(before, after),
    ...rewrittenTables(before, after),
  ];
}

/** A table that became the first partition of one of its name goes on as that one: its rows are there, and its rules. */
function asPartitioned(before: Shape, after: Shape): Shape {
  const former = new Map<number, number>();
  for (const [name, { oid }] of before.tables) {
    const now = after.tables.get(name);
    const isInside = [...after.partitions.values()].some((one) => one.oid === oid && one.table === name);
    if (now && isInside) former.set(now.oid, oid);
  }
  const as = <T extends { oid: number }>(all: Map<string, T>) =>
    new Map([...all].map(([name, one]) => [name, { ...one, oid: former.get(one.oid) ?? one.oid }]));
  return {
    ...after,
    tables: as(after.tables),
    columns: as(after.columns),
    constraints: as(after.constraints),
    indexes: as(after.indexes),
  };
}

function lostTables(before: Shape, after: Shape): Change[] {
  return [...before.tables].flatMap(([name, table]) => {
    const what = `${table.kind === 'S' ? 'sequence' : 'table'} ${name}`;
    const now = after.tables.get(name);
    if (!now) {
      const renamed = [...after.tables].find(([, other]) => other.oid === table.oid);
      return [takes(what, renamed ? `renames ${what} to ${renamed[0]}` : `drops ${what}`)];
    }
    if (now.oid !== table.oid) return [takes(what, `puts another ${what} in the place of the one that is there`)];
    const lost = table.granted.split(',').filter((right) => right !== '' && !now.granted.split(',').includes(right));
    return lost.length === 0 ? [] : [takes(what, `takes the right ${lost.join(', ')} on ${name} from ava_app`)];
  });
}

function changedColumns(before: Shape, after: Shape): Change[] {
  return [...before.columns].flatMap(([name, column]) => {
    const table = tableOf(name);
    // Said of the table already.
    if (!after.tables.has(table)) return [];
    const what = `column ${name}`;
    const now = after.columns.get(name);
    if (!now) {
      const renamed = [...after.columns].find(
        ([, other]) => other.oid === column.oid && other.position === column.position,
      );
      return [takes(what, renamed ? `renames ${what} to ${renamed[0]}` : `drops ${what}`)];
    }
    return changesOf(what, column, now);
  });
}

function changesOf(what: string, column: ColumnShape, now: ColumnShape): Change[] {
  const changes: Change[] = [];
  if (now.type !== column.type) {
    changes.push(takes(what, `changes ${what} from ${column.type} to ${now.type}`));
  }
  if (now.isNeeded && !column.isNeeded) changes.push(takes(what, `makes ${what} NOT NULL`));
  else if (now.isNeeded && column.hasDefault && !now.hasDefault) {
    changes.push(takes(what, `drops the default of ${what}, which is NOT NULL`));
  }
  return changes;
}

function newColumns(before: Shape, after: Shape): Change[] {
  return [...after.columns]
    .filter(([name, { isNeeded, hasDefault }]) => {
      const isNew = !before.columns.has(name) && before.tables.has(tableOf(name));
      return isNew && isNeeded && !hasDefault && !isRenamed(before, after.columns.get(name)!);
    })
    .map(([name]) => takes(`column ${name}`, `adds column ${name} as NOT NULL without a default`));
}

function newRules(before: Shape, after: Shape): Change[] {
  const isOld = (oid: number) => [...before.tables.values()].some((table) => table.oid === oid);
  const constraints = [...after.constraints]
    .filter(([name, rule]) => isOld(rule.oid) && before.constraints.get(name)?.definition !== rule.definition)
    .filter(([, rule]) => !rule.columns.every((position) => isNewColumn(before, after, rule.oid, position)))
    .filter(([name, rule]) => !isWider(before.constraints.get(name), rule))
    .map(([name, { definition }]) => takes(`constraint ${name}`, `adds the constraint ${name}: ${definition}`));
  const indexes = [...after.indexes]
    .filter(([name, rule]) => isOld(rule.oid) && before.indexes.get(name)?.definition !== rule.definition)
    .flatMap(([name, rule]) => indexChanges(before, after, name, rule));
  return [...constraints, ...indexes];
}

/** Whether a list of allowed words has only got longer. */
function isWider(before: RuleShape | undefined, now: RuleShape): boolean {
  if (!before) return false;
  const word = /(?<!')'(?:[^']|'')*'::text/g;
  const frame = (definition: string) => definition.replace(word, '').replaceAll(/[, ]+/g, ' ');
  const allowed = new Set(now.definition.match(word));
  const lists = /= ANY \(ARRAY\[/g;
  const isOneList = now.definition.match(lists)?.length === 1 && !/\bNOT\b|<>/.test(now.definition);
  return (
    isOneList &&
    frame(before.definition) === frame(now.definition) &&
    (before.definition.match(word) ?? []).every((one) => allowed.has(one))
  );
}

function indexChanges(before: Shape, after: Shape, name: string, rule: RuleShape): Change[] {
  const table = [...after.tables].find(([, { oid }]) => oid === rule.oid)?.[0] ?? '';
  const what = `index ${name}`;
  const built: Change = { effect: 'blocks', what, table, sentence: `builds the index ${name} while nobody can write` };
  const isFree = rule.columns.some((position) => isNewColumn(before, after, rule.oid, position, 'empty'));
  return rule.isUnique && !isFree ? [takes(what, `lets ${name} be unique only: ${rule.definition}`), built] : [built];
}

// `on conflict` names the columns of a key, and fails where there is none.
function lostKeys(before: Shape, after: Shape): Change[] {
  const keyOf = ({ definition }: RuleShape) => definition.replace(/^.*? ON (ONLY )?/, '');
  const kept = new Set([...after.indexes.values()].filter(({ isUnique }) => isUnique).map(keyOf));
  const isTableThere = (oid: number) =>
    [...before.tables].some(([name, table]) => table.oid === oid && after.tables.has(name));
  return [...before.indexes]
    .filter(([, rule]) => rule.isUnique && isTableThere(rule.oid) && !kept.has(keyOf(rule)))
    .map(([name]) => takes(`index ${name}`, `drops the unique index ${name}`));
}

/** `empty`: and a version that does not know the column leaves it null. */
function isNewColumn(before: Shape, after: Shape, oid: number, position: number, how?: 'empty'): boolean {
  const found = [...after.columns.values()].find((column) => column.oid === oid && column.position === position);
  if (!found || isRenamed(before, found)) return false;
  return how === undefined || (!found.isNeeded && !found.hasDefault);
}

function isRenamed(before: Shape, { oid, position }: ColumnShape): boolean {
  return [...before.columns.values()].some((column) => column.oid === oid && column.position === position);
}

function changedFunctions(before: Shape, after: Shape): Change[] {
  return [...before.functions].flatMap(([name, { answer, isGranted }]) => {
    const what = `function ${name}`;
    const now = after.functions.get(name);
    if (!now) return [takes(what, `drops ${what}`)];
    if (now.answer !== answer) return [takes(what, `lets ${what} answer ${now.answer} instead of ${answer}`)];
    return isGranted && !now.isGranted ? [takes(what, `takes the right to call ${name} from ava_app`)] : [];
  });
}

function changedPolicies(before: Shape, after: Shape): Change[] {
  const changed = [...before.policies].filter(
    ([name, rule]) => after.tables.has(tableOf(name)) && after.policies.get(name) !== rule,
  );
  return changed.map(([name]) => takes(`policy ${name}`, `changes or drops the policy ${name}`));
}

function rewrittenTables(before: Shape, after: Shape): Change[] {
  return [...before.tables]
    .filter(([name, { file, kind }]) => {
      const now = after.tables.get(name);
      // A partitioned table has no file; what became its first partition has kept its own.
      return kind !== 'S' && now && now.kind !== 'p' && now.file !== file;
    })
    .map(([name]) => ({
      effect: 'blocks',
      what: `table ${name}`,
      table: name,
      sentence: `writes the whole table ${name} anew while nobody can use it`,
    }));
}

function takes(what: string, sentence: string): Change {
  return { effect: 'takes', what, sentence };
}

function tableOf(name: string): string {
  return name.slice(0, name.indexOf('.'));
}
