/** What a vendor says about its refusal, found in the forms that vendors use, and cleaned until it is safe to log and to show. */
import type { VendorMessage } from '../resilience/upstream-error.ts';

const LONGEST_MESSAGE = 300;

/** The message in an error body; undefined when there is none. `secrets` are blotted out wherever the vendor quotes them. */
export function vendorMessage(bytes: Buffer, secrets: readonly string[]): VendorMessage | undefined {
  const body = parsed(bytes);
  if (!isRecord(body)) return undefined;
  const inner = isRecord(body['error']) ? body['error'] : {};
  const said = [
    body['message'],
    inner['message'],
    body['error_description'],
    body['detail'],
    body['error'],
    body['errors'],
    body['title'],
  ];
  const message = said.map(asText).find((text) => text !== undefined);
  const code = [body['code'], inner['status'], inner['code'], body['name'], body['error']]
    .map(asCode)
    .find((text) => text !== undefined);
  if (message === undefined && code === undefined) return undefined;
  const cleaned = cleanMessage(message ?? code ?? '', secrets);
  return code === undefined ? { message: cleaned } : { message: cleaned, code: cleanMessage(code, secrets) };
}

/** One line without control characters, secrets, or whole phone numbers, at most 300 characters. */
export function cleanMessage(text: string, secrets: readonly string[]): string {
  let clean = text;
  for (const secret of secrets) if (secret.length >= 6) clean = clean.replaceAll(secret, '***');
  return clean
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ')
    .replace(/\b(bearer|basic)\s+[\w.~+/=-]+/gi, '$1 ***')
    .replace(/\+?\d(?:[ ().-]{0,3}\d){6,14}/g, (number) => `***${number.replace(/\D/g, '').slice(-4)}`)
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, LONGEST_MESSAGE);
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}

function asText(value: unknown): string | undefined {
  if (typeof value === 'string' && value.trim() !== '') return value;
  if (!Array.isArray(value)) return undefined;
  const lines = value.slice(0, 10).filter((line) => typeof line === 'string');
  return lines.length > 0 ? lines.join('; ') : undefined;
}

function asCode(value: unknown): string | undefined {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value);
  return typeof value === 'string' && /^[\w.:-]{1,60}$/.test(value) ? value : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
