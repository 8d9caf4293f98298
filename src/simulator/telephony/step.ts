import type { Address, Source } from './live-call.ts';

/** What follows a verb: the next one (nothing said), other instructions, or the end. */
export type Step = { goTo: Source } | 'end' | undefined;

/** Instructions at an address, which may be relative to the document that names it. */
export function sourceOf(base: string, address: string, method?: string, params: Record<string, string> = {}): Address {
  const url = address === '' ? base : URL.canParse(address, base || undefined) ? resolve(base, address) : address;
  return { url, method: method === 'GET' ? 'GET' : 'POST', params };
}

function resolve(base: string, address: string): string {
  return base ? new URL(address, base).toString() : address;
}
