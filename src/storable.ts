/** What PostgreSQL can keep: no text with a NUL, and none with half a character. */

/** The same with text that PostgreSQL keeps unchanged, at any depth and in names too. */
export function storable<T>(value: T): T {
  if (typeof value === 'string') return value.replaceAll('\0', '').toWellFormed() as T;
  if (Array.isArray(value)) return value.map(storable) as T;
  if (value !== null && typeof value === 'object') {
    const entries = Object.entries(value).map(([name, member]) => [storable(name), storable(member)]);
    return Object.fromEntries(entries) as T;
  }
  return value;
}
