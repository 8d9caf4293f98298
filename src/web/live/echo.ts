/** A change made here comes back as an event; what is on the screen already is not asked for again because of it. */
const ECHO_MS = 4000;
const expected = new Map<string, number>();

export function expectOwnEcho(key: string): void {
  expected.set(key, Date.now());
}

export function isOwnEcho(key: string): boolean {
  return Date.now() - (expected.get(key) ?? 0) < ECHO_MS;
}
