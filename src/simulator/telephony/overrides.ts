/** How patiently and how often Twilio asks, set by `#ct=…&rt=…` behind an address (contracts/twilio.md 3.3). */
export type Overrides = {
  connectTimeoutMs: number;
  readTimeoutMs: number;
  totalTimeoutMs: number;
  retries: number;
  retryOn: Set<RetryReason>;
};
export type RetryReason = '4xx' | '5xx' | 'ct' | 'rt';

const REASONS: RetryReason[] = ['4xx', '5xx', 'ct', 'rt'];

/** Undefined when the fragment names a value outside of its range or a policy that does not exist (error 11243). */
export function overridesOf(url: string): Overrides | undefined {
  const fragment = new URLSearchParams(url.split('#')[1] ?? '');
  const connectTimeoutMs = within(fragment.get('ct'), { min: 100, max: 10_000, usual: 5000 });
  const readTimeoutMs = within(fragment.get('rt'), { min: 100, max: 15_000, usual: 15_000 });
  const totalTimeoutMs = within(fragment.get('tt'), { min: 100, max: 15_000, usual: 15_000 });
  const retries = within(fragment.get('rc'), { min: 0, max: 5, usual: 1 });
  const retryOn = policyOf(fragment.get('rp') ?? 'ct');
  if (connectTimeoutMs === undefined || readTimeoutMs === undefined) return undefined;
  if (totalTimeoutMs === undefined || retries === undefined || !retryOn) return undefined;
  return { connectTimeoutMs, readTimeoutMs, totalTimeoutMs, retries, retryOn };
}

function within(given: string | null, { min, max, usual }: { min: number; max: number; usual: number }) {
  if (given === null) return usual;
  const value = Number(given);
  return Number.isInteger(value) && value >= min && value <= max ? value : undefined;
}

function policyOf(text: string): Set<RetryReason> | undefined {
  const named = text.split(',').map((name) => name.trim());
  if (named.includes('all')) return new Set(REASONS);
  return named.every((name): name is RetryReason => (REASONS as string[]).includes(name)) ? new Set(named) : undefined;
}
