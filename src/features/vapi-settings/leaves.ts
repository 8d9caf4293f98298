/** Differences inside values, leaf by leaf, so that two people see which part of a setting they disagree about. */
import { isDeepStrictEqual } from 'node:util';

export type Difference = { field: string; sides: unknown[] };

/** The fields in which any two of `sides` differ; `value` is the value as a whole, `value.a.b` a member of it. */
export function differingFields(sides: readonly unknown[], field = 'value'): Difference[] {
  if (sides.every((side) => isDeepStrictEqual(side, sides[0]))) return [];
  if (!sides.every(isPlainObject)) return [{ field, sides: sides.map((side) => side ?? null) }];
  const names = new Set(sides.flatMap((side) => Object.keys(side)));
  return [...names].flatMap((name) =>
    differingFields(
      sides.map((side) => (Object.hasOwn(side, name) ? side[name] : undefined)),
      `${field}.${name}`,
    ),
  );
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
