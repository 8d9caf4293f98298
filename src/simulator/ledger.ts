import { globMatches } from './glob.ts';
import type { Vendor } from './vendors.ts';

/** One request that a vendor got. Secrets in headers and body are masked. */
export type LedgerEntry = {
  sequence: number;
  at: string;
  vendor: Vendor;
  method: string;
  /** Without the query. */
  path: string;
  query: Record<string, unknown>;
  headers: Record<string, string>;
  body?: unknown;
  /** Missing when the request never got an answer. */
  status?: number;
  /** The fault that met this request. */
  fault?: string;
};

export type LedgerFilter = { vendor?: Vendor; operation?: string; sinceSequence?: number };

export type Ledger = {
  add(entry: Omit<LedgerEntry, 'sequence'>): LedgerEntry;
  list(filter?: LedgerFilter): LedgerEntry[];
  /** How many requests matched, also those that the list has already dropped. */
  count(filter?: Omit<LedgerFilter, 'sinceSequence'>): number;
  clear(): void;
};

const KEPT_ENTRIES = 20_000;

export function createLedger(): Ledger {
  let entries: LedgerEntry[] = [];
  let sequence = 0;
  const counts = new Map<string, number>();
  return {
    add(entry) {
      const kept = { ...entry, sequence: ++sequence };
      entries.push(kept);
      if (entries.length > KEPT_ENTRIES * 1.2) entries = entries.slice(-KEPT_ENTRIES);
      const key = `${entry.vendor} ${entry.method} ${entry.path}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
      return kept;
    },
    list: (filter = {}) =>
      entries.filter(
        (entry) =>
          entry.sequence > (filter.sinceSequence ?? 0) &&
          (!filter.vendor || filter.vendor === entry.vendor) &&
          operationMatches(filter.operation, entry.method, entry.path),
      ),
    count(filter = {}) {
      let total = 0;
      for (const [key, count] of counts) {
        const [vendor, method = '', path = ''] = key.split(' ');
        const wanted = !filter.vendor || filter.vendor === vendor;
        if (wanted && operationMatches(filter.operation, method, path)) total += count;
      }
      return total;
    },
    clear() {
      entries = [];
      counts.clear();
    },
  };
}

/** `POST /call`, `GET /assistant*`, `* /call/*`; `*` stands for anything. No pattern matches everything. */
export function operationMatches(pattern: string | undefined, method: string, path: string): boolean {
  if (!pattern) return true;
  return globMatches(pattern, `${method} ${path}`);
}

const SECRET_HEADERS = new Set(['authorization', 'x-vapi-secret', 'cookie']);
const SECRET_FIELDS = /token|secret|password|apikey|api_key|routing_key|authorization/i;

export function maskHeaders(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => {
      const text = Array.isArray(value) ? value.join(', ') : (value ?? '');
      return [name, SECRET_HEADERS.has(name) ? mask(text) : text];
    }),
  );
}

export function maskBody(body: unknown): unknown {
  if (Array.isArray(body)) return body.map(maskBody);
  if (typeof body !== 'object' || body === null) return body;
  return Object.fromEntries(
    Object.entries(body).map(([name, value]) => [
      name,
      typeof value === 'string' && SECRET_FIELDS.test(name) ? mask(value) : maskBody(value),
    ]),
  );
}

function mask(secret: string): string {
  return secret.length <= 8 ? '***' : `***${secret.slice(-4)}`;
}
