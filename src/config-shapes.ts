/** What values of settings look like. */
import { z } from 'zod';

export const flag = z.enum(['true', 'false', '1', '0']).transform((text) => text === 'true' || text === '1');
export const whole = (min: number, max = Number.MAX_SAFE_INTEGER) =>
  z
    .string()
    .regex(/^\d{1,15}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(min).max(max));
export const text = z.string().trim().min(1);
export const url = z.url({ protocol: /^https?$/, error: 'must be an http or https URL' });
export const list = z.string().transform((value) =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean),
);
export const pairs = z.string().transform((value, context) => {
  const given = value.split(',').map((item) => item.trim());
  return Object.fromEntries(
    given.filter(Boolean).map((item) => {
      const at = item.indexOf('=');
      if (at < 1) context.addIssue({ code: 'custom', message: 'must be name=value, separated by commas' });
      return [item.slice(0, at).trim(), decoded(item.slice(at + 1).trim())];
    }),
  );
});
export const secretKey = z
  .string()
  .refine((value) => Buffer.byteLength(value) >= 32, 'must be at least 32 bytes')
  .refine((value) => new Set(value).size >= 8, 'is too repetitive to be a secret; use random bytes');

// A value that is not percent-encoded after all is taken as it stands.
function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
