/**
 * Reads `Retry-After` (RFC 9110, section 10.2.3) in both of its forms. A date is measured against the answer's own `Date`, so
 * that a clock that differs from the upstream's does not matter. Nonsense is no answer; an absurd wait is cut to an hour.
 */

export const LONGEST_RETRY_AFTER_MS = 3_600_000;

const SECONDS = /^\d+(\.\d+)?$/;
const HTTP_DATE = /^[A-Z][a-z]+, ?\d{2}[ -][A-Z][a-z]{2}[ -]\d{2,4} \d{2}:\d{2}:\d{2} GMT$/;

/** Milliseconds to wait, between 0 and an hour; undefined when there is no such header or it cannot be read. */
export function parseRetryAfter(
  header: string | undefined,
  { dateHeader, now }: { dateHeader?: string | undefined; now: Date },
): number | undefined {
  const text = header?.trim();
  if (!text) return undefined;
  if (SECONDS.test(text)) return clamp(Number(text) * 1_000);
  const atMs = parseDate(text);
  if (atMs === undefined) return undefined;
  return clamp(atMs - (parseDate(dateHeader?.trim()) ?? now.getTime()));
}

/** The same from `X-RateLimit-Reset`, which vendors fill with seconds to wait or with a time in epoch seconds. */
export function parseRateLimitReset(header: string | undefined, now: Date): number | undefined {
  const text = header?.trim();
  if (!text || !SECONDS.test(text)) return undefined;
  const seconds = Number(text);
  return clamp(seconds > 1_000_000_000 ? seconds * 1_000 - now.getTime() : seconds * 1_000);
}

function parseDate(text: string | undefined): number | undefined {
  if (!text || !HTTP_DATE.test(text)) return undefined;
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? undefined : atMs;
}

function clamp(ms: number): number {
  return Math.min(Math.max(0, ms), LONGEST_RETRY_AFTER_MS);
}
